import type { CachedAnswer } from "#core/cache/answer-cache.ts";
import type { ResolvedModel } from "#core/catalog/resolve.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import type { AttemptsResult } from "#core/generation/run-attempts.ts";
import { framesToCompletion, readFrames } from "#core/providers/frames-to-completion.ts";
import { toReportedUsage } from "#core/providers/openai/usage.ts";
import type { ChatCompletion } from "#core/providers/provider.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { completionFrames, doneFrame, usageFrame } from "./answer-frames.ts";
import type { ChatReply } from "./call-provider.ts";

/** Answers on their way into the cache and out of it. */

/** A stored answer as one completion, however it was stored. */
export const replayCompletion = ({ format, text, usage }: CachedAnswer): unknown =>
  format === "completion"
    ? (JSON.parse(text) as unknown)
    : framesToCompletion(text, usage === undefined ? undefined : JSON.parse(usage));

/** Fields that are no part of the cache's key: whether they were there is not known of a stored answer's request. */
const outsideTheKey: ReadonlySet<string> = new Set(["metadata", "safety_identifier", "store", "user"]);

/** What `X-Warnings` says of a request that a stored answer serves: what it said when the answer was made. */
export const replayWarnings = ({ warnings = [] }: CachedAnswer, request: ChatRequest): readonly string[] =>
  warnings.filter((name) => !outsideTheKey.has(name) || Object.hasOwn(request, name));

/** A stored answer as a whole stream: the very frames that were stored, or those that its completion comes to. */
export const replayFrames = ({ format, text, usage }: CachedAnswer, includeUsage: boolean): string => {
  const reported: unknown = !includeUsage || usage === undefined ? undefined : JSON.parse(usage);
  if (format === "completion") {
    const completion = JSON.parse(text) as ChatCompletion;
    return completionFrames(completion, completion) + usageFrame(completion, reported) + doneFrame;
  }
  const [first] = reported === undefined ? [] : readFrames(text);
  return text + (first === undefined ? "" : usageFrame(first, reported)) + doneFrame;
};

const endedByThemselves = (reasons: readonly unknown[]): boolean => reasons.every((reason) => reason === "stop");

const reasonsOf = (frames: string): readonly unknown[] =>
  readFrames(frames)
    .flatMap(({ choices }) => choices.map((choice): unknown => choice.finish_reason))
    .filter((reason) => typeof reason === "string");

export interface EndedAnswer {
  readonly result: AttemptsResult<ResolvedModel, ChatReply>;
  /** What is metered. */
  readonly usage: TokenUsage;
  /** The frames that passed, or undefined when they are too many to keep. */
  readonly frames: string | undefined;
  /** How many were asked for. */
  readonly choices: number;
}

/** A whole answer as the cache keeps it. `unstorable` unless each of its choices ended by itself. */
export const toCachedAnswer = ({ result, usage, frames, choices }: EndedAnswer): CachedAnswer | "unstorable" => {
  const { reply, target } = result;
  if (reply.outcome.finishReason !== "stop") return "unstorable";
  const completionUsage = reply.kind === "completion" ? reply.completion.usage : undefined;
  const reported = completionUsage ?? toReportedUsage(reply.outcome.reportedUsage, usage);
  const facts = {
    model: target.model.id,
    provider: target.model.provider,
    simulated: reply.simulated,
    usage: JSON.stringify(reported),
    ...(reply.warnings.length === 0 ? {} : { warnings: [...reply.warnings] }),
  };
  const completion = reply.kind === "completion" ? reply.completion : reply.native?.completion();
  if (completion !== undefined) {
    return endedByThemselves(completion.choices.map((choice) => choice.finish_reason))
      ? { ...facts, format: "completion", text: JSON.stringify(completion) }
      : "unstorable";
  }
  if (frames === undefined) return "unstorable";
  // What ended last was by itself; of several choices each has its own end.
  return choices === 1 || endedByThemselves(reasonsOf(frames))
    ? { ...facts, format: "frames", text: frames }
    : "unstorable";
};
