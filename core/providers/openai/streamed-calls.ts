import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { JsonScan } from "./json-scan.ts";
import { type CallFacts, newCallId, ownMembers, readCall, textField } from "./tool-call-facts.ts";

export type ToolCallDelta = ChatCompletionChunk.Choice.Delta.ToolCall;

/** One call as it comes in. */
export class StreamedCall {
  /** Its place among the calls of its choice: what the client knows it by. */
  readonly index: number;
  readonly type: CallFacts["type"];
  /** The provider's. */
  readonly id: string | undefined;
  readonly scan = new JsonScan();
  name: string | undefined;
  /** What came before its name did, undefined once it was named to the client. */
  held: { readonly members: JsonRecord; readonly text: string } | undefined = { members: {}, text: "" };
  /** Arguments that came whole together with the name. */
  whole: string | undefined;

  constructor(index: number, { type, id }: CallFacts) {
    this.index = index;
    this.type = type;
    this.id = id;
  }
}

/**
 * The calls of one choice, counted as OpenAI counts them whatever the provider's numbers are, with id and name in the first
 * delta only. Whatever shows that a new call begins counts: another number, id or name, or a name behind closed arguments.
 */
export class StreamedCalls {
  readonly #calls: StreamedCall[] = [];
  readonly #byIndex = new Map<number, StreamedCall>();
  readonly #ids = new Set<string>();
  /** The call of the last delta. */
  last: StreamedCall | undefined;

  get count(): number {
    return this.#calls.length;
  }

  /** The deltas to pass on, each the same object where nothing is wrong with it. */
  take(deltas: readonly JsonRecord[]): ToolCallDelta[] {
    const facts = deltas.map(readCall);
    const unnamed = facts.every(({ id, name, index }) => id === undefined && name === undefined && index === undefined);
    return facts.flatMap((call, position) => this.#take(call, unnamed && facts.length > 1 ? position : undefined));
  }

  /** The choice ended: what its calls still lack. Undefined where one was never named. */
  end(): ToolCallDelta[] | undefined {
    if (this.#calls.some(({ held }) => held !== undefined)) return undefined;
    return this.#calls
      .filter(({ type, scan }) => type === "function" && scan.blank)
      .map(({ index, scan }) => {
        scan.push("{}");
        return { index, function: { arguments: "{}" } };
      });
  }

  #take(facts: CallFacts, position: number | undefined): ToolCallDelta[] {
    const known = position === undefined ? this.#find(facts) : this.#calls[position];
    if (known !== undefined && isRepeated(known, facts)) return [];
    const call = known === undefined || begins(known, facts) ? this.#open(facts) : known;
    this.last = call;
    call.name ??= facts.name;
    call.scan.push(facts.text);
    if (call.held === undefined) return this.#more(call, facts);
    call.held = {
      members: { ...call.held.members, ...ownMembers(facts) },
      text: call.held.text + facts.text,
    };
    return call.name === undefined ? [] : [this.#announce(call, call.name, facts)];
  }

  #find({ index, id, name }: CallFacts): StreamedCall | undefined {
    const byId = id === undefined ? undefined : this.#calls.findLast((call) => call.id === id);
    if (index === undefined) return id === undefined ? this.#calls.at(-1) : byId;
    const known = this.#byIndex.get(index);
    if (known !== undefined) return known;
    // A number that changed while its call went on. One that is named begins a call, also under an id that was used before.
    if (byId !== undefined && name === undefined) return byId;
    return id === undefined && name === undefined ? this.#calls.at(-1) : undefined;
  }

  #open(facts: CallFacts): StreamedCall {
    const call = new StreamedCall(this.#calls.length, facts);
    this.#calls.push(call);
    if (facts.index !== undefined) this.#byIndex.set(facts.index, call);
    return call;
  }

  /** The first delta that a client sees of a call. */
  #announce(call: StreamedCall, name: string, { source }: CallFacts): ToolCallDelta {
    const { index, type } = call;
    const { members, text } = call.held ?? { members: {}, text: "" };
    call.held = undefined;
    call.whole = call.scan.closed ? text : undefined;
    const id = call.id === undefined || this.#ids.has(call.id) ? newCallId() : call.id;
    this.#ids.add(id);
    const body = source[type];
    const own = isRecord(body) ? body : {};
    const isRight =
      source.index === index &&
      source.id === id &&
      source.type === type &&
      own.name === name &&
      own[textField[type]] === text;
    if (isRight) return source as unknown as ToolCallDelta;
    const named = { ...members, index, id, type, [type]: { ...own, name, [textField[type]]: text } };
    return named as unknown as ToolCallDelta;
  }

  /** A later delta. */
  #more({ index, type }: StreamedCall, facts: CallFacts): ToolCallDelta[] {
    const { source, text } = facts;
    const body = source[type];
    const isRight =
      source.index === index &&
      source.id === undefined &&
      isRecord(body) &&
      body.name === undefined &&
      body[textField[type]] === text;
    if (isRight) return [source as unknown as ToolCallDelta];
    const own = ownMembers(facts);
    if (text === "" && Object.keys(own).length === 0) return [];
    return [{ ...own, index, [type]: { [textField[type]]: text } } as unknown as ToolCallDelta];
  }
}

/** Whether a delta that would belong to a call begins another one. */
const begins = (known: StreamedCall, { id, name, text, index }: CallFacts): boolean => {
  const otherId = id !== undefined && known.id !== undefined && id !== known.id;
  // Some make a new id for every piece of a call.
  if (otherId && (name !== undefined || known.scan.closed || index === undefined)) return true;
  if (name === undefined || known.name === undefined) return false;
  return name !== known.name || (known.scan.closed && text.trim() !== "");
};

/** A whole call that is repeated. */
const isRepeated = (known: StreamedCall, { id, name, text }: CallFacts): boolean =>
  id !== undefined && id === known.id && name === known.name && known.whole !== undefined && text === known.whole;
