import type { ChatMessage } from "#core/schemas/chat.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { AssistantTurn } from "./assistant-turn.ts";
import { saidContent, textContent, toolResult, type UserPart, userContent } from "./content.ts";
import { customArguments } from "./custom-input.ts";
import { HeldMessages } from "./item-ids.ts";
import { filledMember, textMember, textOf } from "./read.ts";
import { badRequest, type Refusals } from "./refuse.ts";
import { resultsAfterCalls } from "./results-after-calls.ts";
import { flatNameOf } from "./tool-names.ts";

/** Items of a conversation as chat messages. */

/** Types that hold what only their provider can read, and that the conversation would be wrong without. */
const sealed = new Set(["compaction", "compaction_summary"]);

class Conversation {
  readonly messages: ChatMessage[] = [];
  readonly #warnings: Set<string>;
  readonly #refusals: Refusals;
  readonly #held: HeldMessages;
  #turn: AssistantTurn | undefined;
  #attachments: UserPart[] = [];

  /** @throws GatewayError BAD_REQUEST for ids that hold too much */
  constructor(items: readonly JsonRecord[], warnings: Set<string>, refusals: Refusals) {
    this.#held = new HeldMessages(items);
    this.#warnings = warnings;
    this.#refusals = refusals;
  }

  /** @throws GatewayError BAD_REQUEST */
  add(item: JsonRecord, path: string): void {
    // Messages may come without a type, and references too.
    switch (item.type ?? (item.role === undefined ? "item_reference" : "message")) {
      case "message":
        this.#addMessage(item, path);
        break;
      case "reasoning":
        this.#assistant.addReasoning(item);
        break;
      case "function_call":
        this.#addCall(item, textMember(item, "arguments", path), path);
        break;
      case "custom_tool_call":
        this.#addCall(item, customArguments(textMember(item, "input", path)), path);
        break;
      case "function_call_output":
      case "custom_tool_call_output":
        this.#addResult(item, path);
        break;
      case "item_reference":
        this.#addReference(item, path);
        break;
      default:
        this.#addOther(item, path);
    }
  }

  end(): readonly ChatMessage[] {
    this.#endTurn();
    this.#endResults();
    return resultsAfterCalls(this.messages);
  }

  get #assistant(): AssistantTurn {
    this.#endResults();
    this.#turn ??= new AssistantTurn();
    return this.#turn;
  }

  #endTurn(): void {
    const message = this.#turn?.toMessage();
    this.#turn = undefined;
    if (message !== undefined) this.messages.push(message);
  }

  /** What tools gave back besides text follows all of their results. */
  #endResults(): void {
    if (this.#attachments.length === 0) return;
    this.messages.push({ role: "user", content: this.#attachments });
    this.#attachments = [];
  }

  #push(message: ChatMessage): void {
    this.#endTurn();
    this.#endResults();
    this.messages.push(message);
  }

  #addMessage(item: JsonRecord, path: string): void {
    const content = item.content ?? "";
    switch (item.role) {
      case "assistant":
        this.#assistant.addSaid(saidContent(content, `${path}.content`));
        break;
      case "system":
      case "developer":
        this.#push({ role: item.role, content: textContent(content, `${path}.content`) });
        break;
      case "user":
        this.#push({ role: "user", content: userContent(content, `${path}.content`) });
        break;
      default:
        throw badRequest(`${path}.role must be user, assistant, system or developer.`, `${path}.role`);
    }
  }

  #addCall(item: JsonRecord, text: string, path: string): void {
    const id = filledMember(item, "call_id", path);
    const name = flatNameOf(item, filledMember(item, "name", path));
    this.#assistant.addCall({ id, type: "function", function: { name, arguments: text === "" ? "{}" : text } });
  }

  #addResult(item: JsonRecord, path: string): void {
    const id = filledMember(item, "call_id", path);
    const { text, attachments } = toolResult(item.output ?? "", `${path}.output`);
    this.#endTurn();
    this.messages.push({ role: "tool", tool_call_id: id, content: text });
    this.#attachments.push(...attachments);
  }

  #addReference(item: JsonRecord, path: string): void {
    const id = textOf(item.id);
    if (id === undefined) throw badRequest(`${path} must have a type, a role or an id.`, path);
    // Reasoning only helps; the conversation is whole without it.
    if (id.startsWith("rs_")) return;
    const text = this.#held.find(id);
    if (text === undefined) {
      throw badRequest(
        `${path} refers to an earlier answer by its id, but answers are not stored here. Send the items themselves: set ` +
          "store to false (in the AI SDK: providerOptions.openai.store = false).",
        path,
      );
    }
    this.#assistant.addSaid(saidContent(text, path));
  }

  #addOther(item: JsonRecord, path: string): void {
    const type = textOf(item.type);
    if (type === undefined) throw badRequest(`${path}.type must be a text.`, `${path}.type`);
    if (sealed.has(type)) {
      const message = `${path} is a ${type} item, which only OpenAI can read. Use one of its models, or send the conversation itself.`;
      this.#refusals.noteUntranslatable(badRequest(message, `${path}.type`));
      return;
    }
    this.#warnings.add(`input.${type}`);
  }
}

/**
 * Messages of the items that can be translated; the others are among the refusals.
 * @throws GatewayError BAD_REQUEST for ids that hold too much
 */
export const toChatMessages = (
  items: readonly JsonRecord[],
  warnings: Set<string>,
  refusals: Refusals,
): readonly ChatMessage[] => {
  const conversation = new Conversation(items, warnings, refusals);
  for (const [index, item] of items.entries()) {
    refusals.try(() => conversation.add(item, `input[${index}]`), undefined);
  }
  return conversation.end();
};
