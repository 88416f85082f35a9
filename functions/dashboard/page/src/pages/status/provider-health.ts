import type { LoggedRequest } from "../../api/requests.ts";
import type { UsageByName } from "../../api/usage.ts";

/** How providers answered this account: sums of the chosen days, and the attempts of its newest requests. */

export interface ProviderHealth {
  readonly provider: string;
  readonly answers: number;
  /** From 0 to 1; undefined without an answer in the chosen days. */
  readonly success: number | undefined;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly latest: { readonly answered: number; readonly attempts: number };
  readonly lastFailure: { readonly result: string; readonly at: string } | undefined;
}

/** Ends of an attempt that say nothing of the provider: the caller's own doing. */
const callersOwn: ReadonlySet<string> = new Set(["request", "aborted"]);

interface Attempts {
  answered: number;
  attempts: number;
  lastFailure?: ProviderHealth["lastFailure"];
}

/** Newest first, as the log has them. */
const attemptsBy = (requests: readonly LoggedRequest[]): ReadonlyMap<string, Attempts> => {
  const found = new Map<string, Attempts>();
  for (const { startedAt, attempts } of requests) {
    for (const { provider, result } of attempts) {
      if (callersOwn.has(result)) continue;
      const sums = found.get(provider) ?? { answered: 0, attempts: 0 };
      sums.attempts += 1;
      if (result === "ok") sums.answered += 1;
      else sums.lastFailure ??= { result, at: startedAt };
      found.set(provider, sums);
    }
  }
  return found;
};

/** One row for each provider that is known from either, those with the most answers first. */
export const providerHealth = (
  byProvider: UsageByName,
  requests: readonly LoggedRequest[],
): readonly ProviderHealth[] => {
  const latest = attemptsBy(requests);
  const names = new Set([...Object.keys(byProvider), ...latest.keys()]);
  return [...names]
    .map((provider) => {
      const sums = byProvider[provider];
      const { answered, attempts, lastFailure } = latest.get(provider) ?? { answered: 0, attempts: 0 };
      const answers = sums?.generations ?? sums?.requests ?? 0;
      return {
        provider,
        answers,
        success: answers === 0 ? undefined : Math.max(0, 1 - (sums?.errors ?? 0) / answers),
        p50Ms: sums?.latency?.p50Ms ?? null,
        p95Ms: sums?.latency?.p95Ms ?? null,
        latest: { answered, attempts },
        lastFailure,
      };
    })
    .toSorted((left, right) => right.answers - left.answers);
};
