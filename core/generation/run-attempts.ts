import type { AttemptRecord } from "#core/db/usage-events.ts";
import type { TargetModel } from "#core/routing/target.ts";
import { isOwnTimeout, type TargetReply, type TargetTries, tryTargets } from "#core/routing/try-targets.ts";
import { failureToError } from "./failure-to-error.ts";
import { unusedGeneration } from "./unused.ts";

export interface AttemptsRequest<Model extends TargetModel, Reply>
  extends Omit<TargetTries<Model, Reply>, "onAttempt"> {
  readonly hasTools: boolean;
  /** Characters of the input, to estimate the usage of an attempt whose provider reported none. */
  readonly inputCharacters?: number | undefined;
  /** Called as each attempt ends, so that a request that is cut off later still has the records. */
  readonly onAttempt: (attempt: AttemptRecord) => void;
}

export interface AttemptsResult<Model extends TargetModel, Reply> extends TargetReply<Model, Reply> {
  readonly attempts: readonly AttemptRecord[];
}

/** Tries targets until one replies, with a record of each attempt and what it cost. @throws GatewayError */
export const runAttempts = async <Model extends TargetModel, Reply>(
  request: AttemptsRequest<Model, Reply>,
): Promise<AttemptsResult<Model, Reply>> => {
  const { inputCharacters = 0, hasTools, onAttempt, ...tries } = request;
  const attempts: AttemptRecord[] = [];
  const result = await tryTargets({
    ...tries,
    onAttempt: (record, { model, byok }, failure) => {
      const unused = unusedGeneration(failure?.outcome, { catalog: model.catalog, byok, inputCharacters });
      const made = unused === undefined ? record : { ...record, unused };
      attempts.push(made);
      onAttempt(made);
    },
  });
  if ("reply" in result) return { ...result, attempts };
  // The last attempt's timer may fire a moment before the request's own: it is the same end, reported in the same words.
  if (isOwnTimeout(result.failure, tries.remainingMs)) throw tries.abortReason();
  throw failureToError(result.failure, {
    byok: result.target.byok,
    attempts,
    fellBack: tries.targets.length > 1,
    hasTools,
  });
};
