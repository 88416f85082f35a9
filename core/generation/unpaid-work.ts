import type { RequestContext } from "#core/context.ts";
import { Admission } from "./admission.ts";
import type { Caller } from "./caller.ts";

/**
 * Does work that nobody pays for. It counts among its user's open requests while it runs, and has no usage row.
 * @throws GatewayError for too many open requests, and what `work` throws
 */
export const unpaidWork = async <Result>(
  call: RequestContext,
  { principal }: Caller,
  work: () => Promise<Result>,
): Promise<Result> => {
  const { requestId, startedAtMs, lambdaDeadlineMs } = call;
  const admission = new Admission({
    userId: principal.userId,
    requestId,
    reservePicoUsd: 0n,
    startedAtMs,
    lambdaDeadlineMs,
  });
  call.deferred.push(() => admission.close(0n));
  await admission.admit();
  return work();
};
