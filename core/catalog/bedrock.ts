import { readHere } from "#core/config.ts";
import { bedrockModels, bedrockRegion } from "#core/settings/bedrock.ts";
import { type ByProvider, bedrockModel } from "./bedrock-models.ts";
import type { CatalogModel } from "./model.ts";

/** What is known of a model of Amazon Bedrock by its name. Loaded where a request names one (`loadBedrock`). */

let known: ReadonlyMap<string, string> | undefined;

/** The models that the stage names, each with the id whose price it has. @throws Error in one sentence for a bad setting */
export const namedModels = (): ReadonlyMap<string, string> => {
  known ??= readHere(bedrockModels) ?? new Map();
  return known;
};

/** Where the platform calls them, unless it is the function's own region. @throws Error in one sentence for a bad setting */
export const namedRegion = (): string | undefined => readHere(bedrockRegion);

/** The part of a resolved model that its name alone does not tell. */
export const factsOf = (
  name: string,
  providerModel: string,
  listed: ByProvider,
): { readonly catalog: CatalogModel | undefined; readonly platformPays?: true } => {
  const priced = namedModels().get(providerModel);
  const catalog = bedrockModel(name, priced ?? providerModel, listed);
  return {
    catalog: catalog === undefined ? undefined : { ...catalog, providerModel },
    ...(priced === undefined ? {} : { platformPays: true }),
  };
};
