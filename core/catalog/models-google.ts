import { above, ends, model, prices } from "./define-model.ts";
import type { CatalogModel, Deprecation, TokenPrices } from "./model.ts";
import { type More, reasoner, textImageAudio } from "./model-kinds.ts";

/** Google's chat models. */

/** With a price of audio, dollars for a million tokens. Models without one charge it as text. Source: @pydantic/genai-prices. */
const withAudio = (price: TokenPrices, usd: number): TokenPrices => ({
  ...price,
  audioInput: Math.round(usd * 1_000_000),
});

/** No source has it: the highest ratio to text that Google has listed, which is that of Gemini 2.5 Flash. */
const withUnknownAudio = (price: TokenPrices): TokenPrices => ({
  ...price,
  audioInput: Math.ceil((price.input * 10) / 3),
});

const gemini = (id: string, name: string, since: string, price: TokenPrices, more: More = {}) =>
  model("google", id, {
    name,
    context: 1_048_576,
    output: 65_536,
    prices: price,
    ...more,
    input: textImageAudio,
    can: reasoner,
    since,
  });

/** Announced with the models: their first prices end with the year. */
const flashIn2027: More = { later: [{ from: "2027-01-01", prices: prices(1.5, 7.5, 0.15) }] };

/** Google announced the end of Gemini 2.5 for this day, and some still list the models: their names keep leading to them. */
const mayHaveEnded = (successor: string): Deprecation => ({
  ...ends(undefined, "2026-10-16", successor),
  stillServed: true,
});

export const googleModels: readonly CatalogModel[] = [
  gemini("gemini-4-argon", "Gemini 4 Argon", "2026-11-01", withUnknownAudio(prices(2, 10, 0.1)), {
    output: 32_768,
    later: [{ from: "2026-12-01", prices: withUnknownAudio(prices(4, 20, 0.2)) }],
  }),
  // One source (pi-ai 1.6.0) for the prices of the next three.
  gemini("gemini-4-carbon", "Gemini 4 Carbon", "2026-11-01", withUnknownAudio(prices(2, 10, 0.1)), { output: 32_768 }),
  gemini("gemini-4-hydrogen", "Gemini 4 Hydrogen", "2026-11-01", withUnknownAudio(prices(1.5, 7.5, 0.075))),
  gemini("gemini-4-neon", "Gemini 4 Neon", "2026-11-01", withUnknownAudio(prices(3, 15, 0.15))),
  gemini("gemini-3.8-flash", "Gemini 3.8 Flash", "2026-10-01", prices(0.75, 3.75, 0.075), flashIn2027),
  gemini("gemini-3.7-flash", "Gemini 3.7 Flash", "2026-09-01", prices(0.75, 3.75, 0.075), flashIn2027),
  gemini("gemini-3.6-flash", "Gemini 3.6 Flash", "2026-08-01", prices(0.75, 3.75, 0.075), flashIn2027),
  gemini("gemini-3.5-flash", "Gemini 3.5 Flash", "2026-05-01", prices(1.5, 9, 0.15)),
  gemini("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", "2026-06-01", prices(0.3, 2.5, 0.03)),
  gemini("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview", "2026-02-19", prices(2, 12, 0.2), {
    long: above(200_000, prices(4, 18, 0.4)),
  }),
  gemini("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", "2026-03-03", withAudio(prices(0.25, 1.5, 0.025), 0.5), {
    deprecated: ends(undefined, "2027-05-07", "gemini-3.5-flash-lite"),
  }),
  gemini("gemini-2.5-pro", "Gemini 2.5 Pro", "2025-06-17", prices(1.25, 10, 0.125), {
    long: above(200_000, prices(2.5, 15, 0.25)),
    deprecated: mayHaveEnded("gemini-3.1-pro-preview"),
  }),
  gemini("gemini-2.5-flash", "Gemini 2.5 Flash", "2025-06-17", withAudio(prices(0.3, 2.5, 0.03), 1), {
    deprecated: mayHaveEnded("gemini-3.5-flash"),
  }),
  gemini("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", "2025-07-22", withAudio(prices(0.1, 0.4, 0.01), 0.3), {
    deprecated: mayHaveEnded("gemini-3.5-flash-lite"),
  }),
];
