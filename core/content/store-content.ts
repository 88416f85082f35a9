import { putContent, type RecordedGeneration } from "#core/db/put-content.ts";
import { sealText } from "#core/encryption/sealed-text.ts";
import { canonicalJson } from "#core/values/canonical-json.ts";
import type { Content, ContentMessage, ContentPart, GivenContent } from "./content.ts";
import { cutTo } from "./cut.ts";
import { promptMessages } from "./prompt-messages.ts";

/** Keeps what was asked and answered in a generation. Loaded with the first one whose key asks for it, behind its answer. */

/** Of a prompt, and of an answer, as JSON: 150 KB less what holds the two together. */
const maxSideBytes = 150 * 1_024 - 64;

/** What the seals of content are bound to, with the user. */
export const contentContext = ({ requestId, generation }: Omit<RecordedGeneration, "userId">): string =>
  `content/${requestId}#${generation}`;

const hidden = (messages: readonly ContentMessage[], hide: (text: string) => string): readonly ContentMessage[] => {
  const inPart = (part: ContentPart): ContentPart =>
    Object.fromEntries(
      Object.entries(part).map(([name, value]) => [name, typeof value === "string" ? hide(value) : value]),
    ) as ContentPart;
  return messages.map((message) => ({ ...message, parts: message.parts.map(inPart) }));
};

const toContent = ({ prompt, answer, hide }: GivenContent): Content => {
  const given = answer?.();
  const side =
    given === undefined
      ? undefined
      : cutTo(hide === undefined ? given.messages : hidden(given.messages, hide), maxSideBytes);
  return {
    prompt: cutTo(promptMessages(prompt), maxSideBytes),
    answer:
      given === undefined || side === undefined || side.messages.length === 0
        ? null
        : { messages: side.messages, cut: side.cut || given.cut },
  };
};

/**
 * Seals and writes the content of a generation. `wasSent`: a provider was asked. What was neither sent nor answered is not recorded.
 * @throws AwsError
 */
export const storeContent = async (
  of: RecordedGeneration,
  given: GivenContent,
  { wasSent, untilMs }: { readonly wasSent: boolean; readonly untilMs: number },
): Promise<void> => {
  const content = toContent(given);
  if (!wasSent && content.answer === null) return;
  // Not JSON.stringify: what seals and this share a chunk, which a chat has loaded.
  const sealed = await sealText(canonicalJson(content), of.userId, contentContext(of));
  if (sealed === undefined) throw new Error("The content is too long to keep");
  await putContent(of, { sealed, expiresAt: Math.floor(untilMs / 1_000) });
};
