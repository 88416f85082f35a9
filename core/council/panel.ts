import { isAuto } from "#core/catalog/auto.ts";
import { type ResolvedModel, resolveModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";
import { providerApiKey } from "#core/upstreams.ts";
import { ownValue } from "#core/values/records.ts";

/** Who sits on a council: its panel, its judge and who compares, by price class, as far as the caller does not name them. */

export const priceClasses = ["standard", "budget"] as const;
export type PriceClass = (typeof priceClasses)[number];

export const leastModels = 2;
export const mostModels = 8;
/** A default panel has this many models. */
const panelSize = 3;

/** In order of preference. The panel takes one model of a family. */
const candidates: Readonly<
  Record<PriceClass, { readonly panel: readonly string[]; readonly judges: readonly string[] }>
> = {
  standard: {
    panel: ["gpt-6.2-sol", "claude-sonnet-5-5", "gemini-3.8-flash", "mistralai/mistral-large-4-0", "grok-4.7"],
    judges: ["grok-4.7", "qwen/qwen4-max", "claude-sonnet-5-5", "gpt-6.2-sol", "gemini-3.8-flash"],
  },
  budget: {
    panel: ["gpt-6-luna", "claude-haiku-5-5", "gemini-3.5-flash-lite", "deepseek/deepseek-v4-flash", "grok-4.3"],
    judges: ["grok-4.3", "deepseek/deepseek-v4-pro", "claude-haiku-5-5", "gpt-6-luna", "gemini-3.5-flash-lite"],
  },
};

/** Who compares drafts: the cheapest models that follow a schema. */
const comparers = [
  "deepseek/deepseek-v4-flash",
  "gpt-6-luna",
  "claude-haiku-5-5",
  "gemini-3.5-flash-lite",
  "grok-4.3",
] as const;

/** Vendors under the names that OpenRouter has for them. */
const familyNames: Readonly<Record<string, string>> = {
  "meta-llama": "meta",
  mistralai: "mistral",
  moonshotai: "moonshot",
};

/** Who trained a model: models of one family share errors, and prefer each other's answers. Undefined for `auto`. */
export const familyOf = (name: string): string | undefined => {
  if (isAuto(name)) return undefined;
  const { provider, providerModel, customSlug } = resolveModel(name);
  // Who trained the model of a custom provider is not known: each provider is a family.
  if (provider === "custom") return `custom/${customSlug}`;
  if (provider !== "openrouter") return provider;
  const [vendor = provider] = providerModel.split("/");
  return ownValue(familyNames, vendor) ?? vendor;
};

const isServed = (name: string): boolean => {
  const { provider } = resolveModel(name);
  return provider !== "custom" && provider !== "bedrock" && providerApiKey(provider) !== undefined;
};

/** Those whose provider has a key of the platform. Whether the caller has keys is known later: without any, all. */
const served = (names: readonly string[], least: number, seesImages = false): readonly string[] => {
  const fit = seesImages ? names.filter((name) => resolveModel(name).catalog?.input.includes("image")) : names;
  const able = fit.filter(isServed);
  return able.length >= least ? able : fit;
};

/** The panel of a class. @param seesImages whether the question has images. */
export const defaultPanel = (priceClass: PriceClass, seesImages = false): readonly string[] =>
  served(candidates[priceClass].panel, leastModels, seesImages).slice(0, panelSize);

export interface Seat {
  readonly model: string;
  /** Of a family that is not on the panel. */
  readonly independent: boolean;
}

const seatOutside = (names: readonly string[], panel: readonly string[], seesImages = false): Seat => {
  const families = new Set(panel.map(familyOf));
  const able = served(names, 1, seesImages);
  const outside = able.find((name) => !families.has(familyOf(name)));
  const model = outside ?? able[0];
  if (model === undefined) throw new Error("A council without candidates");
  return { model, independent: outside !== undefined };
};

/** The judge: the caller's choice, else one of a family that is not on the panel where one is available. */
export const judgeFor = (
  panel: readonly string[],
  priceClass: PriceClass,
  named: string | undefined,
  seesImages = false,
): Seat => {
  if (named === undefined) return seatOutside(candidates[priceClass].judges, panel, seesImages);
  return { model: named, independent: !panel.map(familyOf).includes(familyOf(named)) };
};

/** Who compares the drafts. */
export const comparerFor = (panel: readonly string[], named: string | undefined): string =>
  named ?? seatOutside(comparers, panel).model;

/** @throws GatewayError BAD_REQUEST for a number of models that is no council, or one model twice; INVALID_MODEL */
export const checkPanel = (panel: readonly string[]): void => {
  if (panel.length < leastModels || panel.length > mostModels) {
    throw new GatewayError(
      "BAD_REQUEST",
      `A council has ${leastModels} to ${mostModels} models, not ${panel.length}.`,
      { param: "models" },
    );
  }
  const ids = panel.map((name, index): ResolvedModel["id"] =>
    isAuto(name) ? name : resolveModel(name, `models[${index}]`).id,
  );
  const second = ids.findIndex((id, index) => ids.indexOf(id) !== index);
  if (second < 0) return;
  throw new GatewayError("BAD_REQUEST", `${panel[second]} is on the panel twice.`, { param: `models[${second}]` });
};
