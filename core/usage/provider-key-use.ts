import { type ByokProvider, byokProviders } from "#core/db/provider-key-rows.ts";
import { noteProviderKeyUse, type ProviderKeyUse, useEveryMs } from "#core/db/provider-key-use.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { loggableError, logger } from "#core/observability/logger.ts";

/** When provider keys were last used, from the usage table's stream: no request writes or waits for it. */

const isByokProvider = (provider: string): provider is ByokProvider =>
  (byokProviders as readonly string[]).includes(provider);

/** What this environment has written, by key: the table refuses what it knows, but a refusal costs a write as well. */
const written = new Map<string, number>();
const maxWritten = 10_000;

/** The last use of each key among events, as far as it is worth a write. */
const usesIn = (events: readonly UsageEvent[]): readonly ProviderKeyUse[] => {
  const uses = new Map<string, ProviderKeyUse>();
  for (const { userId, provider, providerKeyId: id, startedAt: usedAt } of events) {
    if (id === undefined || !isByokProvider(provider)) continue;
    if (usedAt - (written.get(id) ?? Number.NEGATIVE_INFINITY) < useEveryMs) continue;
    if (usedAt > (uses.get(id)?.usedAt ?? 0)) uses.set(id, { userId, id, provider, usedAt });
  }
  return [...uses.values()];
};

/** Forgets what was written, for tests. */
export const forgetKeyUses = (): void => written.clear();

/**
 * Notes the last use of the provider keys among settled events, at most once an hour for each. It is for display only: a
 * failure is logged, and holds back neither sums nor alerts.
 */
export const noteKeyUses = async (events: readonly UsageEvent[]): Promise<void> => {
  for (const use of usesIn(events)) {
    try {
      await noteProviderKeyUse(use);
      if (written.size >= maxWritten) written.clear();
      written.set(use.id, use.usedAt);
    } catch (error) {
      logger.error("The last use of a provider key could not be noted", {
        providerKeyId: use.id,
        error: loggableError(error),
      });
    }
  }
};
