import { above, ends, model, prices } from "./define-model.ts";
import type { CatalogModel, TokenPrices } from "./model.ts";
import { type More, plain, reasoner, textImageFile } from "./model-kinds.ts";

/** OpenAI's chat models. Above 272,000 input tokens the GPT-5.4 family and later ask twice the input price. */

const gpt = (id: string, name: string, since: string, context: number, price: TokenPrices, more: More = {}) =>
  model("openai", id, {
    name,
    context,
    output: 128_000,
    prices: price,
    ...more,
    input: textImageFile,
    can: reasoner,
    since,
  });

export const openAiModels: readonly CatalogModel[] = [
  // Listed by pi-ai 1.6.0 (2026-11-20) and OpenAI's SDK 7.59; the days are those on which a source first has them.
  gpt("gpt-6.2-astra", "GPT-6.2 Astra", "2026-11-20", 1_050_000, prices(8, 40, 0.4, 10), {
    long: above(272_000, prices(16, 60, 0.8, 20)),
  }),
  gpt("gpt-6.2-sol", "GPT-6.2 Sol", "2026-11-20", 1_050_000, prices(2, 10, 0.1, 2.5), {
    long: above(272_000, prices(4, 15, 0.2, 5)),
  }),
  gpt("gpt-6.1-sol", "GPT-6.1 Sol", "2026-11-01", 1_050_000, prices(2, 10, 0.1, 2.5), {
    long: above(272_000, prices(4, 15, 0.2, 5)),
  }),
  gpt("gpt-6.1-terra", "GPT-6.1 Terra", "2026-11-01", 1_050_000, prices(1, 5, 0.05, 1.25), {
    long: above(272_000, prices(2, 7.5, 0.1, 2.5)),
  }),
  gpt("gpt-6-astra", "GPT-6 Astra", "2026-10-01", 1_050_000, prices(10, 50, 1, 12.5), {
    long: above(272_000, prices(20, 75, 2, 25)),
  }),
  gpt("gpt-6-sol", "GPT-6 Sol", "2026-10-01", 1_050_000, prices(2, 10, 0.2, 2.5), {
    long: above(272_000, prices(4, 15, 0.4, 5)),
  }),
  gpt("gpt-6-luna", "GPT-6 Luna", "2026-10-01", 1_050_000, prices(0.1, 0.5, 0.01, 0.125), {
    long: above(272_000, prices(0.2, 0.75, 0.02, 0.25)),
  }),
  gpt("gpt-5.6-sol", "GPT-5.6 Sol", "2026-07-01", 1_050_000, prices(4, 20, 0.4, 5), {
    long: above(272_000, prices(8, 30, 0.8, 10)),
  }),
  gpt("gpt-5.6-terra", "GPT-5.6 Terra", "2026-07-01", 1_050_000, prices(2, 12, 0.2, 2.5), {
    long: above(272_000, prices(4, 18, 0.4, 5)),
  }),
  gpt("gpt-5.6-luna", "GPT-5.6 Luna", "2026-07-01", 1_050_000, prices(0.2, 1.2, 0.02, 0.25), {
    long: above(272_000, prices(0.4, 1.8, 0.04, 0.5)),
  }),
  gpt("gpt-5.5", "GPT-5.5", "2026-05-01", 1_000_000, prices(5, 30, 0.5), { long: above(272_000, prices(10, 45, 1)) }),
  gpt("gpt-5.4", "GPT-5.4", "2026-03-01", 1_050_000, prices(2.5, 15, 0.25), {
    long: above(272_000, prices(5, 22.5, 0.5)),
  }),
  gpt("gpt-5.4-mini", "GPT-5.4 mini", "2026-03-01", 400_000, prices(0.75, 4.5, 0.075)),
  gpt("gpt-5.4-nano", "GPT-5.4 nano", "2026-03-01", 400_000, prices(0.2, 1.25, 0.02), {
    deprecated: ends(undefined, "2027-04-01", "gpt-6-luna"),
  }),
  gpt("gpt-5.3-codex", "GPT-5.3 Codex", "2026-02-05", 400_000, prices(1.75, 14, 0.175), {
    deprecated: ends(undefined, "2027-04-01", "gpt-6.1-sol"),
  }),
  gpt("gpt-5.2", "GPT-5.2", "2025-12-11", 400_000, prices(1.75, 14, 0.175)),
  gpt("gpt-5.1", "GPT-5.1", "2025-11-13", 400_000, prices(1.25, 10, 0.125), {
    deprecated: ends(undefined, "2027-04-01", "gpt-6.1-sol"),
  }),
  gpt("gpt-5", "GPT-5", "2025-08-07", 400_000, prices(1.25, 10, 0.125), {
    deprecated: ends("2026-06-11", "2026-12-11", "gpt-6.1-sol"),
  }),
  gpt("gpt-5-mini", "GPT-5 mini", "2025-08-07", 400_000, prices(0.25, 2, 0.025), {
    deprecated: ends("2026-06-11", "2026-12-11", "gpt-6.1-terra"),
  }),
  gpt("gpt-5-nano", "GPT-5 nano", "2025-08-07", 400_000, prices(0.05, 0.4, 0.005), {
    deprecated: ends("2026-06-11", "2026-12-11", "gpt-5.6-luna"),
  }),
  model("openai", "o3", {
    name: "o3",
    context: 200_000,
    output: 100_000,
    prices: prices(2, 8, 0.5),
    input: textImageFile,
    can: reasoner,
    since: "2025-04-16",
    deprecated: ends("2026-06-11", "2026-12-11", "gpt-5.6-sol"),
  }),
  model("openai", "gpt-4.1", {
    name: "GPT-4.1",
    context: 1_000_000,
    output: 32_768,
    prices: prices(2, 8, 0.5),
    input: textImageFile,
    can: plain,
    since: "2025-04-14",
    deprecated: ends("2026-10-14", "2027-01-14", "gpt-6-luna"),
  }),
  model("openai", "gpt-4.1-mini", {
    name: "GPT-4.1 mini",
    context: 1_000_000,
    output: 32_768,
    prices: prices(0.4, 1.6, 0.1),
    input: textImageFile,
    can: plain,
    since: "2025-04-14",
    deprecated: ends("2026-10-14", "2027-01-14", "gpt-6-luna"),
  }),
  model("openai", "gpt-4o", {
    name: "GPT-4o",
    context: 128_000,
    output: 16_384,
    prices: prices(2.5, 10, 1.25),
    input: textImageFile,
    can: plain,
    since: "2024-05-13",
    deprecated: ends("2026-10-14", "2027-01-14", "gpt-6-luna"),
  }),
  model("openai", "gpt-4o-mini", {
    name: "GPT-4o mini",
    context: 128_000,
    output: 16_384,
    prices: prices(0.15, 0.6, 0.075),
    input: textImageFile,
    can: plain,
    since: "2024-07-18",
    deprecated: ends("2026-10-14", "2027-01-14", "gpt-6-luna"),
  }),
];
