import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { GatewayError } from "#core/errors.ts";
import { isRecord } from "#core/values/records.ts";
import type { OutputGuard } from "./output-guard.ts";

const dataPrefix = "data: ";
const frameEnd = "\n\n";

const toFrames = (chunks: readonly ChatCompletionChunk[]): string => {
  let text = "";
  for (const chunk of chunks) text += dataPrefix + JSON.stringify(chunk) + frameEnd;
  return text;
};

/** The chunk of a frame, or undefined for what is none: an error, a comment, the end mark. */
const chunkOf = (frame: string): ChatCompletionChunk | undefined => {
  if (!frame.startsWith("data: {")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(frame.slice(dataPrefix.length));
  } catch {
    // What cannot be judged does not leave.
    throw new GatewayError("PROVIDER_ERROR", "The provider sent a frame that is not JSON.");
  }
  return isRecord(value) && Array.isArray(value.choices) ? (value as unknown as ChatCompletionChunk) : undefined;
};

export interface GuardFramesOptions {
  readonly guard: OutputGuard;
  /**
   * Called once when the guardrails ended every choice before the provider did. Gives the frames that close the answer
   * (usage, the end mark). The source is then closed, and with it the provider's connection.
   */
  readonly onBlocked: () => string;
}

/** Whether nothing more can leave although the provider still talks. */
const goesOnForNothing = ({ blocked, choices }: OutputGuard, finished: ReadonlySet<number>): boolean =>
  !blocked.isSubsetOf(finished) && blocked.union(finished).size >= choices;

/**
 * A stream's frames under guardrails. `frames` are whole SSE frames, one or more a part, with or without usage and
 * `[DONE]` at their end.
 * @throws what the source throws; GatewayError SERVICE_UNAVAILABLE when a moderation cannot judge. What was held back then
 * stays here.
 */
export async function* guardFrames(
  frames: AsyncIterable<Buffer | string>,
  { guard, onBlocked }: GuardFramesOptions,
): AsyncGenerator<string, void, undefined> {
  const finished = new Set<number>();
  for await (const part of frames) {
    const text = typeof part === "string" ? part : part.toString("utf8");
    let ready = "";
    for (let start = 0; start < text.length; ) {
      const at = text.indexOf(frameEnd, start);
      const end = at < 0 ? text.length : at + frameEnd.length;
      const frame = text.slice(start, end);
      start = end;
      const chunk = chunkOf(frame);
      // Usage and the end mark come after everything that was said.
      if (frame.startsWith("data: [DONE]") || chunk?.choices.length === 0) {
        const rest = guard.end();
        ready += toFrames(rest instanceof Promise ? await rest : rest);
      }
      if (chunk === undefined) {
        ready += frame;
        continue;
      }
      for (const { index, finish_reason: reason } of chunk.choices) if (typeof reason === "string") finished.add(index);
      const left = guard.push(chunk);
      ready += toFrames(left instanceof Promise ? await left : left);
    }
    if (goesOnForNothing(guard, finished)) {
      yield ready + onBlocked();
      return;
    }
    if (ready !== "") yield ready;
  }
  const rest = guard.end();
  const left = toFrames(rest instanceof Promise ? await rest : rest);
  if (left !== "") yield left;
}
