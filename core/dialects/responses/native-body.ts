import { gatewayFields } from "#core/schemas/chat.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import { isRecord, type JsonRecord } from "#core/values/is-record.ts";
import { fromEncryptedContent } from "./carried.ts";
import { heldMessage, heldMessageId, isOwnId } from "./item-ids.ts";
import { textOf } from "./read.ts";

/** Reasoning that we wrapped, as the items that OpenAI made; none where another provider did. */
const unwrapped = (item: JsonRecord): readonly JsonRecord[] => {
  const carried = fromEncryptedContent(textOf(item.encrypted_content) ?? "");
  if (carried === undefined) return [item];
  return (carried.reasoning_details ?? [])
    .filter(({ format, data }) => format === "openai-responses-v1" && typeof data === "string")
    .map(({ id, data }) => ({ type: "reasoning", id, summary: item.summary ?? [], encrypted_content: data }));
};

/** An item without what only the gateway understands: ids that it made, and what it wrapped. */
const ownItem = (item: JsonRecord): readonly JsonRecord[] => {
  const id = textOf(item.id);
  if (item.type === "reasoning") return unwrapped(item);
  if (id === undefined || !isOwnId(id)) return [item];
  const held = heldMessage(id);
  if (held !== undefined && item.content === undefined) {
    return [{ type: "message", role: "assistant", content: [{ type: "output_text", text: held, annotations: [] }] }];
  }
  if (item.type === "item_reference" && id.startsWith("rs_")) return [];
  const { id: _, ...rest } = item;
  return [rest];
};

const ours: ReadonlySet<string> = new Set(gatewayFields);

/** The request as it may reach OpenAI itself. */
export const toNativeBody = ({ input, ...body }: ResponsesRequest): JsonRecord => ({
  ...Object.fromEntries(Object.entries(body).filter(([name, value]) => value !== undefined && !ours.has(name))),
  ...(input === undefined
    ? {}
    : { input: typeof input === "string" ? input : input.filter(isRecord).flatMap(ownItem) }),
});

/** A message with an id that can be given back alone. */
const holding = (item: JsonRecord): JsonRecord => {
  const [part, ...others] = Array.isArray(item.content) ? (item.content as readonly JsonRecord[]) : [];
  if (item.type !== "message" || others.length > 0 || part?.type !== "output_text") return item;
  const id = heldMessageId(textOf(part.text) ?? "");
  return id === undefined ? item : { ...item, id };
};

/** A whole answer. Nothing of it is stored, so an id that is to be given back alone has to hold its message. */
export const withHeldMessages = (text: string, { store }: ResponsesRequest): string => {
  if (store === false) return text;
  const answer = JSON.parse(text) as JsonRecord;
  if (!Array.isArray(answer.output)) return text;
  return JSON.stringify({
    ...answer,
    output: answer.output.map((item: unknown) => (isRecord(item) ? holding(item) : item)),
  });
};
