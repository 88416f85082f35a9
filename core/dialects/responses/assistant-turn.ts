import type { ChatMessage, ChatToolCall } from "#core/schemas/chat.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { fromEncryptedContent } from "./carried.ts";
import type { SaidPart } from "./content.ts";
import { textOf } from "./read.ts";

type AssistantMessage = Extract<ChatMessage, { role: "assistant" }>;

/** Encrypted reasoning of OpenAI's own, in the form in which the core keeps it for that provider. */
const openAiDetail = (id: string, data: string): JsonRecord => ({
  type: "reasoning.encrypted",
  id,
  data,
  format: "openai-responses-v1",
});

const summaryOf = (item: JsonRecord): string =>
  (Array.isArray(item.summary) ? (item.summary as readonly (JsonRecord | null)[]) : [])
    .map((part) => textOf(part?.text) ?? "")
    .filter((text) => text !== "")
    .join("\n\n");

/** Items that one turn of the model consists of (reasoning, words, calls) on their way into one assistant message. */
export class AssistantTurn {
  readonly #said: SaidPart[] = [];
  readonly #calls: ChatToolCall[] = [];
  readonly #blocks: JsonRecord[] = [];
  readonly #details: JsonRecord[] = [];
  readonly #extras = new Map<string, unknown>();
  #reasoning = "";

  addReasoning(item: JsonRecord): void {
    const encrypted = textOf(item.encrypted_content);
    if (encrypted === undefined || encrypted === "") return;
    const carried = fromEncryptedContent(encrypted);
    if (carried === undefined) {
      this.#details.push(openAiDetail(textOf(item.id) ?? "", encrypted));
      return;
    }
    this.#reasoning += summaryOf(item);
    this.#blocks.push(...(carried.thinking_blocks ?? []));
    this.#details.push(...(carried.reasoning_details ?? []));
    for (const [id, extra] of Object.entries(carried.calls ?? {})) this.#extras.set(id, extra);
  }

  addSaid(parts: readonly SaidPart[]): void {
    this.#said.push(...parts);
  }

  addCall(call: ChatToolCall): void {
    this.#calls.push(call);
  }

  /** The message, or undefined where the turn said nothing: reasoning alone is of no use. */
  toMessage(): AssistantMessage | undefined {
    if (this.#said.length === 0 && this.#calls.length === 0) return undefined;
    const [first] = this.#said;
    const content =
      first === undefined ? null : this.#said.length === 1 && first.type === "text" ? first.text : [...this.#said];
    return {
      role: "assistant",
      content,
      ...(this.#calls.length === 0 ? {} : { tool_calls: this.#calls.map((call) => this.#signed(call)) }),
      ...(this.#reasoning === "" ? {} : { reasoning_content: this.#reasoning }),
      ...(this.#blocks.length === 0 ? {} : { thinking_blocks: this.#blocks }),
      ...(this.#details.length === 0 ? {} : { reasoning_details: this.#details }),
    };
  }

  #signed(call: ChatToolCall): ChatToolCall {
    const extra = this.#extras.get(call.id);
    return extra === undefined ? call : { ...call, extra_content: extra };
  }
}
