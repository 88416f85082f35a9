import type { ContentMessage, ContentPart, ContentSide, RecordedContent } from "../api/requests.ts";

/** What a key has recorded of a request, as plain text. */

const text = (value: unknown): string => (typeof value === "string" ? value : "");

const wordsOf = (part: ContentPart): string => {
  if (part.type === "tool_call") return `${text(part.name)}(${text(part.arguments)})`;
  if (part.type === "tool_call_response") return text(part.response);
  if (part.type === "uri") return text(part.uri);
  if (part.type === "omitted") return `[${text(part.modality)}, not kept]`;
  return text(part.content);
};

const roleNames: Readonly<Record<string, string>> = {
  system: "System",
  user: "User",
  assistant: "Model",
  tool: "Tool",
};

const Message = ({ message }: { message: ContentMessage }) => (
  <li>
    <span class="hint">{roleNames[message.role] ?? message.role}</span>
    {message.parts.map((part, index) => (
      <pre key={index} class={`wrap recorded-part ${part.type}`}>
        {wordsOf(part)}
      </pre>
    ))}
  </li>
);

const Side = ({ title, side }: { title: string; side: ContentSide }) => (
  <section aria-label={title}>
    <h4>{title}</h4>
    <ol class="recorded-messages">
      {side.messages.map((message, index) => (
        <Message key={index} message={message} />
      ))}
    </ol>
    {side.cut ? <p class="hint">Cut: more was said than is kept.</p> : null}
  </section>
);

/** The prompt alone, as one text. */
export const promptText = ({ prompt }: RecordedContent): string =>
  prompt.messages.flatMap(({ parts }) => parts.map(wordsOf)).join("\n");

export const Recorded = ({ content }: { content: RecordedContent }) => (
  <div class="recorded">
    <Side title="Prompt" side={content.prompt} />
    {content.answer === null ? null : <Side title="Answer" side={content.answer} />}
  </div>
);
