import { embeddingModels } from "./embedding-models.ts";
import { mediaModels } from "./media-models.ts";
import { chatProviderIds } from "./provider-ids.ts";
import { findModel, resolveModel } from "./resolve.ts";
import { resolveEmbeddingModel } from "./resolve-embedding.ts";

/** Names that the list of an API key's allowed models may hold. Not on the hot path. */

const resolves = (resolve: () => unknown): boolean => {
  try {
    resolve();
    return true;
  } catch {
    return false;
  }
};

const providers: ReadonlySet<string> = new Set<string>([
  ...chatProviderIds,
  ...embeddingModels.map(({ provider }) => provider),
  ...mediaModels.map(({ provider }) => provider),
]);

/** Whether an entry names something: a model's id, an alias, `provider/model`, or all models of a provider as `provider/*`. */
export const isAllowable = (entry: string): boolean => {
  if (entry.endsWith("/*")) return providers.has(entry.slice(0, -2));
  return (
    findModel(entry) !== undefined ||
    mediaModels.some(({ id }) => id === entry) ||
    resolves(() => resolveModel(entry)) ||
    resolves(() => resolveEmbeddingModel(entry))
  );
};
