import { ownValue } from "#core/values/records.ts";

/** Councils as models: any client can ask one by naming it. Each stands for a price class of the panel. */
export const councilModels = {
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
