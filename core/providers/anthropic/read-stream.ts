import type { ProviderOutcome } from "#core/providers/provider.ts";
import { SseFrameTooLargeError, SseParser } from "#core/providers/sse-parser.ts";
import { malformed } from "./errors.ts";
import type { StreamTranslator } from "./from-stream.ts";
import { withEstimatedOutput } from "./usage.ts";

export interface StreamSource {
  /** Each part is everything that arrived in one read. */
  readonly body: AsyncIterable<Buffer>;
  readonly translator: StreamTranslator;
  readonly outcome: ProviderOutcome;
  /** What a broken connection becomes. */
  readonly toFailure: (error: unknown) => Error;
}

/**
 * Frames of an Anthropic stream, one string for each upstream read that brought any. Ends normally only after a finish
 * reason. Left early, by an error or by its reader, it leaves an estimate of the output in `outcome.usage`.
 * @throws ProviderFailure, after the frames that came before the fault.
 */
export async function* readStream({ body, translator, outcome, toFailure }: StreamSource): AsyncGenerator<string> {
  const parser = new SseParser();
  let frames = "";
  try {
    for await (const part of body) {
      for (const { data } of parser.push(part)) frames += translator.translate(data);
      if (frames === "") continue;
      yield frames;
      frames = "";
    }
    for (const { data } of parser.end()) frames += translator.translate(data);
    frames += translator.end();
    if (frames !== "") yield frames;
  } catch (error) {
    if (frames !== "") yield frames;
    // The answer is whole: how the connection ended after it is nothing that the caller could act on.
    if (translator.finished) return;
    throw error instanceof SseFrameTooLargeError ? malformed(error.message) : toFailure(error);
  } finally {
    if (!translator.finished && outcome.usage !== undefined) {
      outcome.usage = withEstimatedOutput(outcome.usage, outcome.outputCharacters);
    }
  }
}
