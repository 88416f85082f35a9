import type { ChatCompletion } from "openai/resources/chat/completions";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import { toReportedUsage } from "#core/providers/openai/usage.ts";
import type { BegunStream } from "./call-provider.ts";

/** The frames that we write ourselves on an OpenAI stream. */

export const doneFrame = "data: [DONE]\n\n";

const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

export interface ChunkFacts {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

const chunk = ({ id, created, model }: ChunkFacts, choices: readonly unknown[], extra: object = {}) =>
  frame({ id, object: "chat.completion.chunk", created, model, choices, ...extra });

/** The usage chunk that precedes `[DONE]` when the caller asked for it. `usage` is in OpenAI's shape. */
export const usageFrame = (facts: ChunkFacts, usage: unknown): string =>
  usage === undefined ? "" : chunk(facts, [], { usage });

/** A whole answer as frames, for a stream request that one body answers. */
export const completionFrames = (completion: ChatCompletion, facts: ChunkFacts): string =>
  completion.choices
    .map(({ index, message, logprobs, finish_reason }) => {
      const calls = message.tool_calls?.map((call, position) => ({ index: position, ...call }));
      const { tool_calls: _, ...text } = message;
      const delta = calls === undefined ? text : { ...text, tool_calls: calls };
      return (
        chunk(facts, [{ index, delta, logprobs: logprobs ?? null, finish_reason: null }]) +
        chunk(facts, [{ index, delta: {}, logprobs: null, finish_reason }])
      );
    })
    .join("");

export interface AnswerOptions {
  readonly stream: BegunStream;
  readonly facts: ChunkFacts;
  readonly includeUsage: boolean;
  /** What is metered: the provider's own count, or our estimate where it reported none. Read at the end. */
  readonly usage: () => TokenUsage;
  /** Receives each part of the provider's answer, for the cache. */
  readonly onPart: ((part: Buffer | string) => void) | undefined;
  readonly onEnd: () => void;
  /** An answer in another dialect brings its own end. */
  readonly native?: boolean;
}

/** The answer's frames in order: what was read until the first content, the rest as it arrives, usage, and the end mark. */
export async function* answerFrames(options: AnswerOptions): AsyncGenerator<Buffer | string, void, undefined> {
  const { stream, facts, includeUsage } = options;
  const { outcome, rest } = stream;
  const own = (): ChunkFacts => ({
    ...facts,
    id: outcome.responseId ?? facts.id,
    model: outcome.responseModel ?? facts.model,
  });
  try {
    if (stream.head.length > 0) {
      const head = joined(stream.head);
      options.onPart?.(head);
      yield head;
    }
    for (;;) {
      const next = await rest.next();
      if (next.done === true) break;
      options.onPart?.(next.value);
      yield next.value;
    }
    options.onEnd();
    if (options.native === true) return;
    yield (includeUsage ? usageFrame(own(), toReportedUsage(outcome.reportedUsage, options.usage())) : "") + doneFrame;
  } finally {
    // Closes the provider's connection when the answer is given up half way.
    await rest.return?.();
  }
}

const joined = (parts: readonly (Buffer | string)[]): Buffer | string => {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
};

/** Frames that are there already, as a stream. */
export async function* only(frames: string): AsyncGenerator<string> {
  yield frames;
}
