import type { AttemptRecord } from "#core/db/usage-events.ts";
import type { ProviderFailure } from "#core/providers/provider.ts";
import type { Target, TargetModel } from "#core/routing/target.ts";
import { isOwnTimeout, type TargetReply, type TargetTries, tryTargets } from "#core/routing/try-targets.ts";
import { failureToError } from "./failure-to-error.ts";
import { type CallMoney, type PaidAttempt, withMoney } from "./paid-call.ts";
import { spendOf } from "./settlement.ts";
import { type Spend, spendBy } from "./spend.ts";
import { spendOnUnused, unusedGeneration } from "./unanswered-cost.ts";

export interface AttemptsRequest<Model extends TargetModel, Reply>
  extends Omit<TargetTries<Model, Reply>, "onAttempt" | "call"> {
  readonly hasTools: boolean;
  /** Absent where the request's own reservation is for its only call. */
  readonly money?: CallMoney<Model> | undefined;
  /** Makes one call to the provider. @throws ProviderFailure, or GatewayError 400 when this model cannot take the request */
  readonly call: (attempt: PaidAttempt<Model>) => Promise<Reply>;
  /**
   * Called as each attempt ends, so that a request that is cut off later still has the records, with what it counts against
   * limits.
   */
  readonly onAttempt: (attempt: AttemptRecord, spent: Spend) => void;
}

export interface AttemptsResult<Model extends TargetModel, Reply> extends TargetReply<Model, Reply> {
  readonly attempts: readonly AttemptRecord[];
  /** Set aside for the call that answered. */
  readonly grantedPicoUsd: bigint | undefined;
}

/** Tries targets until one replies, with a record of each attempt and what it cost. @throws GatewayError */
export const runAttempts = async <Model extends TargetModel, Reply>(
  request: AttemptsRequest<Model, Reply>,
): Promise<AttemptsResult<Model, Reply>> => {
  const { money, hasTools, onAttempt, call, ...tries } = request;
  const attempts: AttemptRecord[] = [];
  let grantedPicoUsd: bigint | undefined;
  const note = (record: AttemptRecord, { model, byok }: Target<Model>, failure: ProviderFailure | undefined): void => {
    const inputTokens = money?.size.inputTokens(model) ?? 0;
    const unused = unusedGeneration(failure, { catalog: model.catalog, byok, inputTokens });
    const made = unused === undefined ? record : { ...record, unused };
    attempts.push(made);
    let spent = unused === undefined ? 0n : spendOnUnused(unused);
    if (unused !== undefined && grantedPicoUsd !== undefined) {
      spent = spendOf(model.catalog, unused, grantedPicoUsd);
      if (spent < grantedPicoUsd) money?.purse.giveBack(grantedPicoUsd - spent, byok);
    }
    onAttempt(made, spendBy(byok, spent));
  };
  const result = await tryTargets<Model, Reply>({
    ...tries,
    call:
      money === undefined
        ? (attempt) => call({ ...attempt, grantedPicoUsd: undefined })
        : withMoney(money, call, (granted) => {
            grantedPicoUsd = granted;
          }),
    onAttempt: note,
  });
  if ("reply" in result) return { ...result, attempts, grantedPicoUsd };
  // The last attempt's timer may fire a moment before the request's own: it is the same end, reported in the same words.
  if (isOwnTimeout(result.failure, tries.remainingMs)) throw tries.abortReason();
  throw failureToError(result.failure, {
    byok: result.target.byok,
    attempts,
    fellBack: tries.targets.length > 1,
    hasTools,
  });
};
