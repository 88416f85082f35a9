import { readProviderKeys } from "#core/db/read-provider-keys.ts";
import type { Caller } from "#core/generation/caller.ts";
import { requireCredential } from "#core/generation/credential.ts";
import { failureToError, singleCall } from "#core/generation/failure-to-error.ts";
import { toTargets } from "#core/generation/targets.ts";
import { keyOf } from "#core/providers/key-of.ts";
import { askVoices, type Voices } from "#core/providers/media/minimax/voices.ts";
import { ProviderFailure, withoutKeyOf } from "#core/providers/provider.ts";
import { isTransient } from "#core/routing/retry.ts";
import type { VoicesQuery } from "#core/schemas/media.ts";

const timeoutMs = 20_000;
const maxTries = 2;

/** The voices are an account's, not a model's. */
const account = { id: "minimax", provider: "minimax" } as const;

/**
 * GET /api/v1/media/voices: MiniMax's own voices and, with the caller's key, those that the caller cloned or generated. Costs
 * nothing. @throws GatewayError
 */
export const listVoices = async (
  { principal, providerKeySlug }: Caller,
  { voice_type: type }: VoicesQuery,
): Promise<Voices> => {
  const [target] = toTargets([{ model: account }], await readProviderKeys(principal.userId), providerKeySlug);
  if (target === undefined) throw new Error("A choice without a target");
  const signal = AbortSignal.timeout(timeoutMs);
  for (let tryNumber = 1; ; tryNumber++) {
    try {
      const credential = keyOf(requireCredential("minimax", await target.credential()));
      return await askVoices(type, credential, signal).catch((error: unknown) => {
        throw withoutKeyOf(error, credential);
      });
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      if (isTransient(error) && tryNumber < maxTries && !signal.aborted) continue;
      throw failureToError(error, singleCall(target.byok));
    }
  }
};
