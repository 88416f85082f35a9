import { pricesOn } from "./cost.ts";
import { hostsOf } from "./hosts.ts";
import { isOwnKeyOnly } from "./provider-ids.ts";
import type { resolveListed } from "./resolve.ts";
import { pricingOf } from "./to-openai-model.ts";

/** Who serves a model, its own provider first, and at what price. `model` is the name by which that provider is asked. */
export const toProviders = (own: ReturnType<typeof resolveListed>, nowMs: number = Date.now()) =>
  (own === undefined ? [] : hostsOf(own)).flatMap((host) => {
    const { id: model, provider, catalog } = host;
    return catalog === undefined
      ? []
      : [{ provider, model, own_key_only: isOwnKeyOnly(host), pricing: pricingOf(pricesOn(catalog, nowMs)) }];
  });
