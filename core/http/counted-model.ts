import { autoModels, isAuto } from "#core/catalog/auto.ts";
import { countedAs } from "#core/catalog/council-models.ts";
import { presetPrefix } from "#core/catalog/preset-name.ts";
import { type ResolvedModel, resolveModel } from "#core/catalog/resolve.ts";
import type { Caller } from "#core/generation/caller.ts";

/** The name of a model, or that of the preset that a name means. */
const modelName = async ({ principal }: Caller, name: string): Promise<string> => {
  if (!name.startsWith(presetPrefix)) return name;
  const { presetSettings } = await import("#core/presets/with-preset.ts");
  return (await presetSettings(principal.userId, name)).model;
};

/**
 * The model whose tokens are counted for a name: of `auto`, which chooses for each request, the first on its list.
 * @throws GatewayError INVALID_MODEL; AwsError
 */
export const countedModel = async (caller: Caller, name: string): Promise<ResolvedModel> => {
  const named = await modelName(caller, name);
  return resolveModel(isAuto(named) ? (autoModels[0] ?? named) : countedAs(named));
};
