import type { ResponseOutputText } from "openai/resources/responses/responses";
import { chunksOf } from "#core/chat/chunk-reader.ts";
import type { StreamFacts } from "#core/dialects/dialect.ts";
import type { GatewayError } from "#core/errors.ts";
import type { ChatCompletionChunk } from "#core/providers/provider.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { Carrier } from "./carried.ts";
import { EventLog } from "./event-log.ts";
import { responseError } from "./failure.ts";
import { holderId, ItemIds } from "./item-ids.ts";
import { OpenCall, OpenMessage, OpenReasoning } from "./open-items.ts";
import { reasoningItem } from "./output-items.ts";
import { textOf } from "./read.ts";
import { endOf, type ResponseState, responseMaker, toResponseUsage } from "./response-object.ts";
import { ToolNames } from "./tool-names.ts";

type ChunkChoice = ChatCompletionChunk["choices"][number];
type CallDelta = NonNullable<ChunkChoice["delta"]["tool_calls"]>[number] & {
  readonly extra_content?: unknown;
  readonly custom?: { readonly name?: string; readonly input?: string };
};

/**
 * Turns chunks of a chat completion, one by one, into the events of this dialect.
 * Fields: what one answer is made of, the items that are open, and what is known of its end.
 */
class Translator {
  readonly #facts: StreamFacts<ResponsesRequest>;
  readonly #make: ReturnType<typeof responseMaker>;
  readonly #log = new EventLog();
  readonly #ids: ItemIds;
  readonly #names: ToolNames;
  readonly #carrier = new Carrier();
  readonly #calls = new Map<number, OpenCall>();
  #reasoning: OpenReasoning | undefined;
  #message: OpenMessage | undefined;
  #said = false;
  #model: string | undefined;
  #usage: unknown;
  #finishReason: string | undefined;

  constructor(facts: StreamFacts<ResponsesRequest>) {
    this.#facts = facts;
    this.#make = responseMaker(facts);
    this.#ids = new ItemIds(facts.requestId);
    this.#names = new ToolNames(facts.body.tools);
  }

  begin(): string {
    this.#tell("created", { status: "in_progress" });
    this.#tell("in_progress", { status: "in_progress" });
    return this.#log.take();
  }

  push(part: Buffer | string): string {
    for (const chunk of chunksOf(part)) {
      this.#model ??= chunk.model;
      if (chunk.usage !== undefined && chunk.usage !== null) this.#usage = chunk.usage;
      const [choice] = chunk.choices;
      if (choice !== undefined) this.#read(choice);
    }
    return this.#log.take();
  }

  end(): string {
    const end = endOf(this.#finishReason);
    this.#closeAll(end.status === "incomplete" ? "incomplete" : "completed");
    this.#holdMessages();
    this.#tell(end.status, { ...end, usage: toResponseUsage(this.#usage) });
    return this.#log.take();
  }

  fail(error: GatewayError): string {
    this.#tell("failed", {
      status: "failed",
      usage: toResponseUsage(this.#usage),
      error: responseError(error, this.#facts.requestId),
    });
    return this.#log.take();
  }

  /** Unless the caller has said that nothing is to be stored, it may give back the ids of the messages alone. */
  #holdMessages(): void {
    const id = this.#facts.body.store === false ? undefined : holderId(this.#log.output);
    if (id === undefined) return;
    const item = reasoningItem(id, "", {});
    this.#log.end(this.#log.begin(item), item);
  }

  #tell(what: string, state: Pick<ResponseState, "status"> & Partial<ResponseState>): void {
    const output = this.#log.output;
    this.#log.add(`response.${what}`, { response: this.#make({ model: this.#model, output, ...state }) });
  }

  #read({ delta, logprobs, finish_reason: finishReason }: ChunkChoice): void {
    const loose = delta as unknown as JsonRecord;
    const thought = textOf(loose.reasoning_content) ?? "";
    this.#carrier.note(loose);
    if (thought !== "") {
      this.#closeMessage("completed");
      this.#reasoning ??= new OpenReasoning(this.#log, this.#ids.next("rs"));
      this.#reasoning.add(thought);
    }
    if (delta.content) this.#say("output_text", delta.content, logprobs);
    if (delta.refusal) this.#say("refusal", delta.refusal, undefined);
    for (const call of delta.tool_calls ?? []) this.#call(call);
    if (finishReason !== null && finishReason !== undefined) this.#finishReason = finishReason;
  }

  #say(kind: "output_text" | "refusal", text: string, logprobs: ChunkChoice["logprobs"]): void {
    this.#closeReasoning();
    this.#said = true;
    this.#message ??= new OpenMessage(this.#log, this.#ids.next("msg"));
    this.#message.add(kind, text, (logprobs?.content ?? []) as NonNullable<ResponseOutputText["logprobs"]>);
  }

  #call({ index, id, function: called, custom, extra_content: extra }: CallDelta): void {
    let call = this.#calls.get(index);
    if (call === undefined) {
      const callId = id ?? "";
      if (extra !== undefined) this.#carrier.noteCall(callId, extra);
      this.#closeReasoning();
      this.#closeMessage("completed");
      this.#said = true;
      const tool = this.#names.callerName(called?.name ?? custom?.name ?? "");
      call = new OpenCall(this.#log, { id: this.#ids.next(tool.type === "custom" ? "ctc" : "fc"), callId, tool });
      this.#calls.set(index, call);
    }
    call.add(called?.arguments ?? custom?.input ?? "");
  }

  /** Ends the reasoning. What waits to be carried needs an item in any case. */
  #closeReasoning(): void {
    if (this.#reasoning === undefined && this.#carrier.waits) {
      this.#reasoning = new OpenReasoning(this.#log, this.#ids.next("rs"));
    }
    this.#reasoning?.close(this.#carrier.take());
    this.#reasoning = undefined;
  }

  #closeMessage(status: "completed" | "incomplete"): void {
    this.#message?.close(status);
    this.#message = undefined;
  }

  #closeAll(status: "completed" | "incomplete"): void {
    this.#closeReasoning();
    // An answer without a word is a message all the same.
    if (!this.#said) this.#message = new OpenMessage(this.#log, this.#ids.next("msg"));
    this.#closeMessage(status);
    const calls = [...this.#calls.values()];
    for (const [at, call] of calls.entries()) call.close(at === calls.length - 1 ? status : "completed");
  }
}

/** The events of a streamed answer. A failure ends them with `response.failed`. */
export async function* responsesStream(
  frames: AsyncIterable<Buffer | string>,
  facts: StreamFacts<ResponsesRequest>,
): AsyncGenerator<string, void, undefined> {
  const translator = new Translator(facts);
  yield translator.begin();
  let last: string;
  try {
    for await (const part of frames) {
      const events = translator.push(part);
      if (events !== "") yield events;
    }
    last = translator.end();
  } catch (thrown) {
    last = translator.fail(facts.fail(thrown));
  }
  yield last;
}
