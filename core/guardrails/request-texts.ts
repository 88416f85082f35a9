import type { ChatMessage, ChatRequest } from "#core/schemas/chat.ts";
import { isRecord } from "#core/values/is-record.ts";
import { textsIn } from "./text-leaves.ts";

/** One text of a request, and what takes its place. */
export type TextVisitor = (text: string, at: { readonly path: string; readonly json: boolean }) => string;

/** What is done with a field whose texts cannot be changed, such as a signed thought: whether it stays. */
export type SealedVisitor = (text: string, at: { readonly path: string }) => boolean;

export interface RequestVisitors {
  readonly text: TextVisitor;
  readonly sealed: SealedVisitor;
}

type Fields = Record<string, unknown>;

const textFields: readonly string[] = ["refusal", "reasoning_content", "reasoning"];
const sealedFields: readonly string[] = ["thinking_blocks", "reasoning_details"];

const mapContent = (content: unknown, path: string, { text }: RequestVisitors): unknown => {
  if (typeof content === "string") return text(content, { path, json: false });
  if (!Array.isArray(content)) return content;
  return content.map((part: unknown, index) => {
    if (!isRecord(part)) return part;
    const field = part.type === "refusal" ? "refusal" : "text";
    const given = part[field];
    return typeof given === "string"
      ? { ...part, [field]: text(given, { path: `${path}[${index}].${field}`, json: false }) }
      : part;
  });
};

const mapCalls = (calls: unknown, path: string, { text }: RequestVisitors): unknown =>
  !Array.isArray(calls)
    ? calls
    : calls.map((call: unknown, index) => {
        if (!isRecord(call)) return call;
        const mapped = { ...call };
        for (const [field, inner, json] of [
          ["function", "arguments", true],
          ["custom", "input", false],
        ] as const) {
          const body = call[field];
          if (!isRecord(body) || typeof body[inner] !== "string") continue;
          const at = { path: `${path}[${index}].${field}.${inner}`, json };
          mapped[field] = { ...body, [inner]: text(body[inner], at) };
        }
        return mapped;
      });

const mapMessage = (message: ChatMessage, path: string, visitors: RequestVisitors): ChatMessage => {
  const mapped: Fields = {};
  for (const [field, value] of Object.entries(message)) {
    const at = `${path}.${field}`;
    if (field === "content") mapped[field] = mapContent(value, at, visitors);
    else if (field === "tool_calls") mapped[field] = mapCalls(value, at, visitors);
    else if (textFields.includes(field) && typeof value === "string") {
      mapped[field] = visitors.text(value, { path: at, json: false });
    } else if (!sealedFields.includes(field) || visitors.sealed(textsIn(value).join("\n"), { path: at })) {
      mapped[field] = value;
    }
  }
  return mapped as ChatMessage;
};

/**
 * A request with every text of its messages replaced by what the visitors say: content (a string or parts), refusals,
 * thoughts, the arguments of tool calls and the results of tools. Not visited: images, audio, files, the tools' schemas.
 */
export const mapRequestTexts = (request: ChatRequest, visitors: RequestVisitors): ChatRequest => ({
  ...request,
  messages: request.messages.map((message, index) => mapMessage(message, `messages[${index}]`, visitors)),
});
