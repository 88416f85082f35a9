import { pause } from "#core/values/pause.ts";

const firstPauseMs = 500;
const growth = 1.5;

/**
 * Asks about work until it has a result, with pauses that grow up to `maxPauseMs`. `question` resolves to undefined while the
 * work is running. Rejects with the error of `question`, or with the signal's reason.
 */
export const pollUntil = async <Result>(
  question: () => Promise<Result | undefined>,
  maxPauseMs: number,
  signal: AbortSignal,
): Promise<Result> => {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(maxPauseMs, pauseMs * growth)) {
    const result = await question();
    if (result !== undefined) return result;
    await pause(pauseMs, signal);
    signal.throwIfAborted();
  }
};
