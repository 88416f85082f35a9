import { type ResolvedModel, resolveModel } from "#core/catalog/resolve.ts";
import { config } from "#core/config.ts";
import type { ProviderCredential } from "#core/providers/provider.ts";
import type { Target } from "#core/routing/run-attempts.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

/** The platform's own credential for a model's provider, or undefined when the operator set none. */
const platformCredential = ({ provider }: ResolvedModel): ProviderCredential | undefined => {
  const apiKey = config.providerApiKey(provider);
  return apiKey === undefined ? undefined : { apiKey, baseUrl: config.providerBaseUrl(provider), byok: false };
};

/** The models of a request in the order in which they are tried. @throws GatewayError INVALID_MODEL */
export const resolveModels = (request: ChatRequest): readonly [ResolvedModel, ...ResolvedModel[]] => [
  resolveModel(request.model),
  ...(request.fallback ?? []).map((name, index) => resolveModel(name, `fallback[${index}]`)),
];

/** Whose key serves each model. */
export const toTargets = (models: readonly ResolvedModel[]): readonly Target[] =>
  models.map((model) => ({ model, credential: platformCredential(model) }));
