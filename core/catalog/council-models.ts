import { ownValue } from "#core/values/own-value.ts";

/** Councils as models: any client can ask one by naming it. Each stands for a price class of the panel. */
const councilModels = {
  "concurred/council": { name: "Concurred Council", priceClass: "standard" },
  "concurred/council-budget": { name: "Concurred Council (budget)", priceClass: "budget" },
} as const;

export type CouncilModelId = keyof typeof councilModels;
export type CouncilPriceClass = (typeof councilModels)[CouncilModelId]["priceClass"];

/** The price class of a council's model, or undefined for any other name. */
export const councilPriceClass = (name: string): CouncilPriceClass | undefined =>
  ownValue<(typeof councilModels)[CouncilModelId]>(councilModels, name)?.priceClass;

/** A model whose tokens are counted for it: by estimate. */
const countedModel = "grok-4.3";

/** Whose tokens are counted for a name. */
export const countedAs = (name: string): string => (councilPriceClass(name) === undefined ? name : countedModel);

/** The smallest context of those who may sit on a council, less the drafts, tokens. */
const contextTokens = 200_000;
const answerTokens = 8_000;
const sinceSeconds = Date.parse("2026-11-29T00:00:00Z") / 1_000;

const noPrice = { input: null, output: null, cached_input: null, cache_write: null } as const;

const toListed = (id: string, name: string) => ({
  id,
  object: "model" as const,
  type: "model" as const,
  display_name: name,
  created_at: new Date(sinceSeconds * 1_000).toISOString(),
  created: sinceSeconds,
  owned_by: "concurred",
  name,
  context_window: contextTokens,
  max_output_tokens: answerTokens,
  /** A run costs what its models cost. */
  pricing: { ...noPrice, long_context: null },
  modalities: { input: ["text", "image"], output: ["text"] },
  capabilities: { tools: true, reasoning: true, jsonSchema: true },
  aliases: [],
});

/** The councils as GET /api/v1/models lists them. */
export const listedCouncils = Object.entries(councilModels).map(([id, { name }]) => toListed(id, name));
