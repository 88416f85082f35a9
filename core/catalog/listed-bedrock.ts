import { GatewayError } from "#core/errors.ts";
import { namedModels } from "./bedrock.ts";
import { profileOf } from "./bedrock-id.ts";
import { loadBedrock } from "./load-bedrock.ts";
import type { CatalogModel } from "./model.ts";
import { type ResolvedModel, resolveModel } from "./resolve.ts";

/** Models of Amazon Bedrock as GET /api/v1/models lists them. */

const prefix = "bedrock/";

type Listed = ResolvedModel & { readonly catalog: CatalogModel };

/** Several profiles serve one model: each says where it may send a request. */
const named = (id: string, name: string): string => {
  const profile = profileOf(id);
  return `${name} (Bedrock${profile === undefined ? "" : ` ${profile}`})`;
};

/** A chat model of Bedrock by `bedrock/<id>`, whoever pays for it; undefined for another name, and where no price is known. */
export const findBedrockModel = async (name: string): Promise<Listed | undefined> => {
  if (!name.startsWith(prefix)) return undefined;
  await loadBedrock();
  let found: ResolvedModel;
  try {
    found = resolveModel(name);
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
  const { catalog } = found;
  if (catalog === undefined) return undefined;
  return { ...found, catalog: { ...catalog, name: named(found.providerModel, catalog.name) } };
};

/** The chat models that the stage names: everyone may call them. */
export const namedBedrockModels = async (): Promise<readonly CatalogModel[]> => {
  const found = await Promise.all(Array.from(namedModels().keys(), (id) => findBedrockModel(`${prefix}${id}`)));
  return found.flatMap((model) => (model === undefined ? [] : [model.catalog]));
};
