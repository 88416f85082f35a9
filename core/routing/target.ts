import type { CatalogModel } from "#core/catalog/model.ts";
import type { ProviderId } from "#core/catalog/provider-ids.ts";
import type { ResolvedModel } from "#core/catalog/resolve.ts";
import type { ProviderCredential } from "#core/providers/provider.ts";

/** A model as far as a target needs to know it. `catalog` is undefined for media and for models with unknown prices. */
export interface TargetModel {
  readonly id: string;
  readonly provider: ProviderId;
  /** The provider's own id of it. */
  readonly providerModel?: string;
  readonly catalog?: CatalogModel | undefined;
  /** The slug of the caller's custom provider that serves it. */
  readonly customSlug?: string | undefined;
}

/** A model, and the key that it is called with. */
export interface Target<Model extends TargetModel = ResolvedModel> {
  readonly model: Model;
  /** The name under which this environment keeps statistics (target-stats.ts). */
  readonly name: string;
  /** Paid by the caller's own provider key. */
  readonly byok: boolean;
  /** Of the caller's key; undefined for the platform's. */
  readonly providerKeyId?: string | undefined;
  /**
   * Opens the key when the target is tried. Undefined when nobody has a key for its provider.
   * @param signal ends a wait for AWS to let a role be assumed
   */
  readonly credential: (signal?: AbortSignal) => Promise<ProviderCredential | undefined>;
}
