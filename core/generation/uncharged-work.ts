import { countRequest } from "#core/auth/count-request.ts";
import type { RequestContext } from "#core/context.ts";
import type { RateLimit } from "#core/routes.ts";
import type { Target, TargetModel } from "#core/routing/target.ts";
import { newAdmission } from "./admission.ts";
import type { Caller } from "./caller.ts";
import { RequestScope } from "./request-scope.ts";
import { noReserve } from "./reservation.ts";
import { secondRound } from "./second-round.ts";
import { noSpend } from "./spend.ts";
import { allEnded } from "./with-retries.ts";

export interface UnchargedOptions<Model extends TargetModel> {
  readonly model: Model;
  readonly timeoutMs: number;
  /** What one user may do with all their keys, since they share one quota of the provider with everybody. */
  readonly limit?: RateLimit;
}

export interface UnchargedCall<Model extends TargetModel> {
  readonly target: Target<Model>;
  /** Fires at the end of the work's time and when the request is cancelled. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * Does work on a model that is not charged, such as counting tokens. It counts among its user's open requests while it
 * runs, and has no usage row.
 * @throws GatewayError for too many open requests, a limit that is reached or a provider key that is not there, and what `work` throws
 */
export const unchargedWork = async <Model extends TargetModel, Result>(
  call: RequestContext,
  caller: Caller,
  options: UnchargedOptions<Model>,
  work: (uncharged: UnchargedCall<Model>) => Promise<Result>,
): Promise<Result> => {
  const { requestId, startedAtMs, lambdaDeadlineMs } = call;
  const { model, timeoutMs, limit } = options;
  const { userId } = caller.principal;
  const scope = new RequestScope({ userId, requestId, timeoutMs, startedAtMs, lambdaDeadlineMs });
  const admission = newAdmission(call, caller, { reserve: noReserve });
  call.deferred.push(async () => {
    scope.close();
    await admission.close({ ...noSpend, tokens: 0 });
  });
  const [{ groups }] = await allEnded([
    secondRound({ caller, scope, admission, groups: [[{ model }]] }),
    countRequest(limit, userId, startedAtMs),
  ]);
  const target = groups[0]?.[0];
  if (target === undefined) throw new Error("Work without a target");
  return work({ target, signal: scope.signal, timeoutMs });
};
