import type { ResponseOptions } from "#core/providers/anthropic/from-response.ts";
import { StreamTranslator } from "#core/providers/anthropic/from-stream.ts";
import { withEstimatedOutput } from "#core/providers/anthropic/usage.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { malformed } from "./errors.ts";
import { type EventFrame, eventFrames } from "./event-frames.ts";
import { toAnthropicUsage, toStopReason } from "./from-converse.ts";

type Event = Readonly<Record<string, unknown>>;

/** The kind of a block by its first delta: Converse announces calls of tools only. */
const startOf = (delta: JsonRecord): JsonRecord => {
  if (!isRecord(delta.reasoningContent)) return { type: "text", text: "" };
  const { redactedContent } = delta.reasoningContent;
  return typeof redactedContent === "string"
    ? { type: "redacted_thinking", data: redactedContent }
    : { type: "thinking", thinking: "", signature: "" };
};

const toDelta = (delta: JsonRecord): JsonRecord | undefined => {
  const { text, toolUse, reasoningContent } = delta;
  if (typeof text === "string") return { type: "text_delta", text };
  if (isRecord(toolUse)) return { type: "input_json_delta", partial_json: toolUse.input ?? "" };
  if (!isRecord(reasoningContent)) return undefined;
  if (typeof reasoningContent.text === "string") return { type: "thinking_delta", thinking: reasoningContent.text };
  if (typeof reasoningContent.signature !== "string") return undefined;
  return { type: "signature_delta", signature: reasoningContent.signature };
};

/** Events of ConverseStream as Anthropic's, whose end comes with the usage: Converse tells it after the stop reason. */
class AnthropicEvents {
  readonly #open = new Set<unknown>();
  #stopReason: string | undefined;

  /** @throws ProviderFailure for an event that is not as documented */
  convert({ type, payload }: EventFrame): readonly Event[] {
    const event: unknown = parse(payload);
    if (!isRecord(event)) throw malformed("an event of the stream is not an object");
    const index = event.contentBlockIndex;
    switch (type) {
      case "contentBlockStart": {
        const { toolUse } = isRecord(event.start) ? event.start : {};
        if (!isRecord(toolUse)) return [];
        this.#open.add(index);
        const block = { type: "tool_use", id: toolUse.toolUseId, name: toolUse.name, input: {} };
        return [{ type: "content_block_start", index, content_block: block }];
      }
      case "contentBlockDelta":
        return isRecord(event.delta) ? this.#delta(index, event.delta) : [];
      case "contentBlockStop":
        return this.#open.has(index) ? [{ type: "content_block_stop", index }] : [];
      case "messageStop":
        this.#stopReason = toStopReason(event.stopReason);
        return [];
      case "metadata":
        return this.#end(toAnthropicUsage(event.usage));
      default:
        // `messageStart`, and events that are yet to come.
        return [];
    }
  }

  /** The stream ended: without its metadata, the stop reason is still due. */
  end(): readonly Event[] {
    return this.#stopReason === undefined ? [] : this.#end(undefined);
  }

  #delta(index: unknown, delta: JsonRecord): readonly Event[] {
    const started = this.#open.has(index);
    this.#open.add(index);
    const start = started ? [] : [{ type: "content_block_start", index, content_block: startOf(delta) }];
    const converted = toDelta(delta);
    return converted === undefined ? start : [...start, { type: "content_block_delta", index, delta: converted }];
  }

  #end(usage: JsonRecord | undefined): readonly Event[] {
    const reason = this.#stopReason;
    if (reason === undefined) throw malformed("the stream ended without a stop reason");
    return [{ type: "message_delta", delta: { stop_reason: reason }, usage }, { type: "message_stop" }];
  }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("an event of the stream is not JSON");
  }
};

/**
 * Frames of chat completion chunks. Ends normally only after a finish reason; left early, it leaves an estimate of the output.
 * @throws ProviderFailure, after the frames that came before the fault
 */
export async function* converseFrames(
  body: AsyncIterable<Buffer>,
  options: ResponseOptions,
  toFailure: (error: unknown) => Error,
): AsyncGenerator<string, void, undefined> {
  const translator = new StreamTranslator(options);
  const events = new AnthropicEvents();
  const { outcome } = options;
  const translate = (made: readonly Event[]): string =>
    made.map((event) => translator.translate(JSON.stringify(event))).join("");
  let frames = "";
  try {
    for await (const group of eventFrames(body)) {
      for (const frame of group) frames += translate(events.convert(frame));
      if (frames === "") continue;
      yield frames;
      frames = "";
    }
    frames += translate(events.end()) + translator.end();
    if (frames !== "") yield frames;
  } catch (error) {
    if (frames !== "") yield frames;
    // The answer is whole: how the connection ended after it is nothing that the caller could act on.
    if (translator.finished) return;
    throw toFailure(error);
  } finally {
    if (!translator.finished && outcome.usage !== undefined) {
      outcome.usage = withEstimatedOutput(outcome.usage, outcome.outputCharacters);
    }
  }
}
