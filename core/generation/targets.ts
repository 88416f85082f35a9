import type { customCatalogModel } from "#core/catalog/custom-model.ts";
import { unknownModel } from "#core/catalog/resolve.ts";
import type { ProviderKeyRow } from "#core/db/provider-key-rows.ts";
import { GatewayError } from "#core/errors.ts";
import type { Target, TargetModel } from "#core/routing/target.ts";
import { targetName } from "#core/routing/target-stats.ts";
import { byokCredential, platformCredential } from "./credential.ts";

/** Decides whose key serves each model. */

/** A model of a request, and the provider key that a balanced target names. */
export interface Choice<Model extends TargetModel> {
  readonly model: Model;
  readonly slug?: string | undefined;
}

/** The owner part of a target's name in the statistics: the named slug, or the caller's newest key of the provider. */
export const keyOwner = (userId: string, slug: string | undefined): string =>
  slug === undefined ? userId : `${userId}/${slug}`;

const byokTarget = <Model extends TargetModel>(
  model: Model,
  row: ProviderKeyRow,
  slug: string | undefined,
  requestId: string,
): Target<Model> => ({
  model,
  name: targetName(model.id, keyOwner(row.userId, slug)),
  byok: true,
  providerKeyId: row.id,
  // Opened when it is this target's turn: a fallback that is never tried costs no KMS call.
  credential: (signal) => byokCredential(model.provider, row, requestId, signal),
});

const platformTarget = <Model extends TargetModel>(model: Model): Target<Model> => ({
  model,
  name: targetName(model.id, undefined),
  byok: false,
  // Few requests name a model of Bedrock: the others do not load what signs for one.
  credential: async () =>
    model.provider === "bedrock"
      ? (await import("./bedrock-role.ts")).platformRole(model.providerModel)
      : platformCredential(model.provider),
});

/** The caller wants to pay but has no key for this provider, so nobody serves the model. */
const unpaidTarget = <Model extends TargetModel>(model: Model): Target<Model> => ({
  model,
  name: targetName(model.id, "none"),
  byok: true,
  credential: async () => undefined,
});

/** A model of the caller's own provider, with what its owner says of the model. */
const customTarget = <Model extends TargetModel>(
  model: Model,
  rows: readonly ProviderKeyRow[],
  slug: string,
  priced: typeof customCatalogModel | undefined,
  requestId: string,
): Target<Model> => {
  const row = rows.find((candidate) => candidate.slug === slug && candidate.custom !== undefined);
  if (row?.custom === undefined) throw unknownModel(model.id);
  requireActive(row, "model");
  const catalog = priced?.(model, row.custom.models);
  return byokTarget(catalog === undefined ? model : { ...model, catalog }, row, slug, requestId);
};

const refuse = (message: string, param: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });

const requireActive = ({ paused, slug }: ProviderKeyRow, param: string): void => {
  if (paused === true) throw refuse(`The provider key ${slug} is paused.`, param);
};

const requireSlug = (rows: readonly ProviderKeyRow[], slug: string, param: string): ProviderKeyRow => {
  const row = rows.find((candidate) => candidate.slug === slug);
  if (row === undefined) throw refuse("No provider key has this slug.", param);
  requireActive(row, param);
  return row;
};

/** The key that `X-Provider-Key` names. It has to fit one of the models. */
const pickedKey = (
  choices: readonly Choice<TargetModel>[],
  rows: readonly ProviderKeyRow[],
  slug: string,
): ProviderKeyRow => {
  const picked = requireSlug(rows, slug, "X-Provider-Key");
  const fits = ({ provider, customSlug }: TargetModel): boolean =>
    provider === picked.provider && (customSlug === undefined || customSlug === slug);
  if (choices.some(({ model }) => fits(model))) return picked;
  throw refuse(
    `This provider key is for ${picked.provider}, but no model of the request uses that provider.`,
    "X-Provider-Key",
  );
};

const namedTarget = <Model extends TargetModel>(
  model: Model,
  rows: readonly ProviderKeyRow[],
  slug: string,
  requestId: string,
): Target<Model> => {
  const param = "load_balance.targets";
  const named = requireSlug(rows, slug, param);
  if (named.provider === model.provider && (model.customSlug ?? slug) === slug)
    return byokTarget(model, named, slug, requestId);
  throw refuse(`The provider key ${slug} is for ${named.provider}, not for ${model.provider}.`, param);
};

/**
 * Whose key serves each model: the key that a balanced target names, else the caller's newest for the provider, else the
 * platform's. With `X-Provider-Key`, that key for its provider, and never the platform's for any. A custom provider's models
 * are served by its own key alone.
 * @param priced finds what a custom provider's model costs; loaded where a request names one
 * @param requestId names the session of a role that is assumed for the request
 * @throws GatewayError BAD_REQUEST for a slug that the caller does not have, or that its model cannot use; INVALID_MODEL for
 * a custom provider that the caller does not have
 */
export const toTargets = <Model extends TargetModel>(
  choices: readonly Choice<Model>[],
  providerKeys: readonly ProviderKeyRow[],
  headerSlug: string | undefined,
  priced?: typeof customCatalogModel,
  requestId = "",
): readonly Target<Model>[] => {
  const picked = headerSlug === undefined ? undefined : pickedKey(choices, providerKeys, headerSlug);
  return choices.map(({ model, slug }) => {
    const { customSlug } = model;
    if (customSlug !== undefined && (slug ?? customSlug) === customSlug) {
      return customTarget(model, providerKeys, customSlug, priced, requestId);
    }
    if (slug !== undefined) return namedTarget(model, providerKeys, slug, requestId);
    if (picked?.provider === model.provider) return byokTarget(model, picked, headerSlug, requestId);
    const newest = providerKeys.find(({ provider, paused }) => provider === model.provider && paused !== true);
    if (newest !== undefined) return byokTarget(model, newest, undefined, requestId);
    return headerSlug === undefined ? platformTarget(model) : unpaidTarget(model);
  });
};
