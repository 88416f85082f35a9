import { ProviderFailure } from "#core/providers/provider.ts";
import { pause } from "#core/values/pause.ts";
import { isTransient, retryDelayMs } from "./retry.ts";

/** Questions about work that is already paid for are worth more attempts than the work itself. */
const maxRepeats = 4;

export interface AskTime {
  readonly signal: AbortSignal;
  readonly remainingMs: () => number;
}

/** Asks a provider something that costs nothing, again after transient failures. @throws ProviderFailure */
export const askAgain = async <Answer>(question: () => Promise<Answer>, time: AskTime): Promise<Answer> => {
  for (let tryNumber = 0; ; tryNumber++) {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof ProviderFailure) || time.signal.aborted || !isTransient(error)) throw error;
      const delayMs = retryDelayMs(error, tryNumber, time.remainingMs());
      if (tryNumber >= maxRepeats || delayMs === undefined) throw error;
      await pause(delayMs, time.signal);
    }
  }
};
