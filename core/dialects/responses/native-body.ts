import { gatewayFields } from "#core/schemas/chat.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { fromEncryptedContent } from "./carried.ts";
import { HeldMessages, heldMessageId, isOwnId, saidText } from "./item-ids.ts";
import { textOf } from "./read.ts";

/** Reasoning that we wrapped, as the items that OpenAI made; none where another provider did. */
const unwrapped = (item: JsonRecord): readonly JsonRecord[] => {
  const carried = fromEncryptedContent(textOf(item.encrypted_content) ?? "");
  if (carried === undefined) return [item];
  return (carried.reasoning_details ?? [])
    .filter(({ format, data }) => format === "openai-responses-v1" && typeof data === "string")
    .map(({ id, data }) => ({ type: "reasoning", id, summary: item.summary ?? [], encrypted_content: data }));
};

const isReference = ({ type, role }: JsonRecord): boolean =>
  type === "item_reference" || (type === undefined && role === undefined);

/** An item without what only the gateway understands: ids that it made, and what it wrapped. */
const ownItem = (item: JsonRecord, held: HeldMessages): readonly JsonRecord[] => {
  const id = textOf(item.id);
  if (item.type === "reasoning") return unwrapped(item);
  if (id === undefined) return [item];
  if (isReference(item)) {
    const text = held.find(id);
    if (text !== undefined) {
      return [{ type: "message", role: "assistant", content: [{ type: "output_text", text, annotations: [] }] }];
    }
    return isOwnId(id) && id.startsWith("rs_") ? [] : [item];
  }
  if (!isOwnId(id)) return [item];
  const { id: _, ...rest } = item;
  return [rest];
};

const ours: ReadonlySet<string> = new Set(gatewayFields);

const ownItems = (items: readonly JsonRecord[]): JsonRecord[] => {
  const held = new HeldMessages(items);
  return items.flatMap((item) => ownItem(item, held));
};

/** The request as it may reach OpenAI itself. @throws GatewayError BAD_REQUEST for ids that hold too much */
export const toNativeBody = ({ input, ...body }: ResponsesRequest): JsonRecord => ({
  ...Object.fromEntries(Object.entries(body).filter(([name, value]) => value !== undefined && !ours.has(name))),
  ...(input === undefined ? {} : { input: typeof input === "string" ? input : ownItems(input.filter(isRecord)) }),
});

/** A message with an id that can be given back alone. */
const holding = (item: JsonRecord): JsonRecord => {
  if (item.type !== "message") return item;
  const id = heldMessageId(saidText(item));
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
