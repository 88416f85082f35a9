import type { AnswerCache, CachedAnswer } from "#core/cache/answer-cache.ts";
import { readProviderKeys } from "#core/db/provider-key-rows.ts";
import { GatewayError } from "#core/errors.ts";
import type { Target } from "#core/routing/run-attempts.ts";
import type { Meter } from "#core/usage/meter.ts";
import type { RequestScope } from "./request-scope.ts";
import { type Choice, toTargets } from "./targets.ts";

export interface SecondRound {
  readonly userId: string;
  readonly providerKeySlug: string | undefined;
  readonly choices: readonly [Choice, ...Choice[]];
  readonly scope: RequestScope;
  readonly meter: Meter;
  readonly cache: AnswerCache | undefined;
}

/**
 * Round 2 of a chat completion: admission, the open usage row, the caller's provider keys and the cache, in parallel; then
 * whose key serves each model, and the stored answer if there is one. @throws GatewayError, AwsError
 */
export const secondRound = async (
  round: SecondRound,
): Promise<{ readonly targets: readonly Target[]; readonly hit: CachedAnswer | undefined }> => {
  const { userId, providerKeySlug, choices, scope, meter, cache } = round;
  const found = cache?.find(scope.signal);
  const [refusal, providerKeys] = await Promise.all([
    meter.open().then(
      () => undefined,
      (error: unknown) => error,
    ),
    readProviderKeys(userId),
  ]);
  const targets = toTargets(choices, providerKeys, providerKeySlug);
  if (refusal === undefined) {
    const hit = await found;
    if (scope.signal.aborted) throw scope.reason;
    return { targets, hit };
  }
  // Today's cap on platform money is reached: what the caller's own keys pay for goes on.
  const paidByCaller = targets.filter(({ byok }) => byok);
  const overCap = refusal instanceof GatewayError && refusal.code === "SPEND_LIMIT_EXCEEDED";
  if (!overCap || targets[0]?.byok !== true) throw refusal;
  await meter.admitUnpaid();
  return { targets: paidByCaller, hit: undefined };
};
