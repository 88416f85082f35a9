import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { GatewayError } from "#core/errors.ts";
import { ownValue } from "#core/values/records.ts";
import { costPicoUsd } from "./cost.ts";
import type { CatalogModel, Modality } from "./model.ts";
import { models } from "./models.ts";
import type { ResolvedModel } from "./resolve.ts";
import { estimateTokens, noTokens } from "./token-usage.ts";

/** The alias that leaves the choice of model to the gateway. */
export const autoAlias = "auto";
/** The same, by the caller's own ratings first. */
export const ratedAlias = "auto:rated";

/** Whether a name stands for a model that is chosen for each request. */
export const isAuto = (name: string): boolean => name === autoAlias || name === ratedAlias;

/**
 * The rules of `auto`, in order:
 * 1. a model of the list below whose provider has a key, and whose end is not announced;
 * 2. that reads what the request holds (images, audio, files);
 * 3. that takes tools (custom ones: OpenAI's), a JSON schema or a reasoning effort where the request has one;
 * 4. whose context holds the request and the answer that it may get, and whose output limit holds that answer;
 * 5. of these the cheapest for this very request: its input, and the answer it asks for (500 tokens where it sets no limit).
 * Where none is left, the same over the whole catalogue.
 *
 * `auto:rated` puts the models that the caller's ratings know first, best first, whether or not they are on the list. The
 * rules 2 to 4 and the key of rule 1 hold for them too; price does not count.
 */
export const autoModels: readonly string[] = [
  "gpt-6-luna",
  "gpt-6.1-terra",
  "gpt-6.2-sol",
  "claude-haiku-5-5",
  "claude-sonnet-5-5",
  "gemini-3.5-flash-lite",
  "gemini-3.8-flash",
  "gemini-4-argon",
  "grok-4.3",
  "deepseek/deepseek-v4-flash",
  "mistralai/mistral-large-2512",
  "MiniMax-M3.1-Flash",
  "MiniMax-M3",
];

const listed: ReadonlySet<string> = new Set(autoModels);

/** Room for an answer whose limit the caller did not set, tokens. */
const answerRoomTokens = 4_096;
const comparedAnswerTokens = 500;

const modalityOf: Readonly<Record<string, Modality>> = { image_url: "image", input_audio: "audio", file: "file" };

/** The parts of a chat request that decide which models can serve it. */
export interface AutoRequest {
  readonly messages: readonly { readonly content?: unknown }[];
  readonly tools?: readonly { readonly type: string }[] | null | undefined;
  readonly response_format?: { readonly type: string } | null | undefined;
  readonly reasoning_effort?: string | null | undefined;
  readonly max_tokens?: number | null | undefined;
  readonly max_completion_tokens?: number | null | undefined;
}

interface Needs {
  readonly input: ReadonlySet<Modality>;
  readonly tools: boolean;
  /** Tools of the type custom, which are OpenAI's own. */
  readonly customTools: boolean;
  readonly jsonSchema: boolean;
  readonly reasoning: boolean;
  readonly inputTokens: number;
  /** What the answer may take at most. */
  readonly answerTokens: number;
  readonly pricedAnswerTokens: number;
}

const modalitiesOf = (request: AutoRequest): ReadonlySet<Modality> => {
  const found = new Set<Modality>();
  for (const { content } of request.messages) {
    if (!Array.isArray(content)) continue;
    for (const { type } of content as readonly { readonly type: string }[]) {
      const modality = ownValue(modalityOf, type);
      if (modality !== undefined) found.add(modality);
    }
  }
  return found;
};

const needsOf = (request: AutoRequest, inputCharacters: number): Needs => {
  const limit = request.max_completion_tokens ?? request.max_tokens ?? undefined;
  const effort = request.reasoning_effort ?? "none";
  return {
    input: modalitiesOf(request),
    tools: (request.tools ?? []).length > 0,
    customTools: (request.tools ?? []).some(({ type }) => type === "custom"),
    jsonSchema: request.response_format?.type === "json_schema",
    reasoning: effort !== "none" && effort !== "minimal",
    inputTokens: estimateTokens(inputCharacters),
    answerTokens: limit ?? answerRoomTokens,
    pricedAnswerTokens: limit ?? comparedAnswerTokens,
  };
};

const fits = (model: CatalogModel, needs: Needs): boolean =>
  [...needs.input].every((modality) => model.input.includes(modality)) &&
  (!needs.tools || model.capabilities.tools) &&
  (!needs.customTools || model.provider === "openai") &&
  (!needs.jsonSchema || model.capabilities.jsonSchema) &&
  (!needs.reasoning || model.capabilities.reasoning) &&
  needs.inputTokens + needs.answerTokens <= model.contextTokens &&
  needs.answerTokens <= model.maxOutputTokens;

const priceOf = (model: CatalogModel, needs: Needs, nowMs: number): bigint =>
  costPicoUsd(model, { ...noTokens, inputTokens: needs.inputTokens, outputTokens: needs.pricedAnswerTokens }, nowMs) ??
  0n;

/**
 * The models that `auto` stands for, for this request: the one to call first, then those to fall back on, by price.
 * @param inputCharacters of the request, as `core/chat/input-size.ts` counts them.
 * @param mayServe whether somebody has a key for the provider, and the caller may use the model.
 * @param rated ids of models that come first, best first.
 * @throws GatewayError INVALID_MODEL when no model can serve the request.
 */
export const rankAuto = (
  request: AutoRequest,
  inputCharacters: number,
  mayServe: (provider: ChatProviderId, model: CatalogModel) => boolean,
  nowMs: number = Date.now(),
  rated: readonly string[] = [],
): readonly [ResolvedModel, ...ResolvedModel[]] => {
  const needs = needsOf(request, inputCharacters);
  const able = models.filter(
    (model) => model.deprecated === undefined && mayServe(model.provider, model) && fits(model, needs),
  );
  const preferred = able.filter(({ id }) => listed.has(id));
  const byPrice = (preferred.length > 0 ? preferred : able)
    .map((model) => ({ model, price: priceOf(model, needs, nowMs) }))
    .sort((left, right) => (left.price < right.price ? -1 : left.price > right.price ? 1 : 0))
    .map(({ model }) => model);
  const byRating = rated.flatMap((name) => able.filter(({ id }) => id === name));
  const [first, ...others] = [...new Set([...byRating, ...byPrice])].map(
    (model): ResolvedModel => ({
      id: model.id,
      provider: model.provider,
      providerModel: model.providerModel,
      catalog: model,
    }),
  );
  if (first === undefined) {
    throw new GatewayError(
      "INVALID_MODEL",
      "No model with a configured key can serve this request. Name a model instead of auto.",
      {
        param: "model",
      },
    );
  }
  return [first, ...others];
};
