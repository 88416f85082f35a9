import { GatewayError } from "#core/errors.ts";
import { namedModels } from "./bedrock.ts";
import { bedrockEmbedding, isBedrockEmbedding } from "./bedrock-embeddings.ts";
import { type EmbeddingModel, embeddingModels } from "./embedding-models.ts";
import { customModel, type ResolvedModel, safeProviderModel } from "./resolve.ts";

const embeddingsByName = new Map(
  embeddingModels.flatMap((model) => [
    [model.id, model],
    [`${model.provider}/${model.providerModel}`, model],
  ]),
);

/** A resolved model of POST /api/v1/embeddings; `catalog` is undefined for an id that passes through. */
export interface ResolvedEmbedding extends ResolvedModel {
  readonly provider: EmbeddingModel["provider"] | "custom";
  readonly catalog: EmbeddingModel | undefined;
  /** Of Amazon Bedrock: the id whose form and price it has, where it is asked for by an ARN. */
  readonly standsFor?: string;
}

/** A model of Bedrock that makes embeddings; undefined for any other. */
const onBedrock = (name: string, providerModel: string): ResolvedEmbedding | undefined => {
  const priced = namedModels().get(providerModel);
  const standsFor = priced ?? providerModel;
  if (!isBedrockEmbedding(standsFor)) return undefined;
  const catalog = bedrockEmbedding(name, standsFor);
  const paid = priced === undefined ? {} : ({ platformPays: true } as const);
  return { id: name, provider: "bedrock", providerModel, catalog, standsFor, ...paid };
};

/**
 * Resolves an embedding model: a catalogue id, `openai/…` or `google/…` for one that it does not know, `bedrock/…` of Titan or
 * Cohere, or `slug/…` of a custom provider.
 * @throws GatewayError INVALID_MODEL that lists them.
 */
export const resolveEmbeddingModel = (name: string): ResolvedEmbedding => {
  const known = embeddingsByName.get(name);
  if (known !== undefined) {
    return { id: known.id, provider: known.provider, providerModel: known.providerModel, catalog: known };
  }
  const [provider = "", ...rest] = name.split("/");
  const providerModel = rest.join("/");
  if ((provider === "openai" || provider === "google") && safeProviderModel.test(providerModel)) {
    return { id: name, provider, providerModel, catalog: undefined };
  }
  if (provider === "bedrock" && safeProviderModel.test(providerModel)) {
    const model = onBedrock(name, providerModel);
    if (model !== undefined) return model;
  }
  const custom = customModel(name);
  if (custom !== undefined) return { ...custom, catalog: undefined };
  const suggestions = embeddingModels.map(({ id }) => id);
  throw new GatewayError("INVALID_MODEL", `No embedding model has this name. Supported: ${suggestions.join(", ")}.`, {
    param: "model",
    details: { suggestions },
  });
};
