import { describe, expect, it } from "vitest";
import { findMediaModel, mediaModels } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd, mediaPrices, megapixelCostPicoUsd } from "#core/catalog/media-prices.ts";
import { mediaTokenPrices } from "#core/catalog/openai-media-prices.ts";
import { shutdownWarning } from "#core/catalog/shutdown.ts";

const rows = Object.entries(mediaPrices);
const priced = rows.flatMap(([key, row]) => (row === null ? [] : [{ key, ...row }]));
const modelOf = (key: string): string => key.split("/")[0] ?? "";

describe("the prices of media", () => {
  it("say of every model what it costs, or that it is not known", () => {
    const known = new Set([...rows.map(([key]) => modelOf(key)), ...Object.keys(mediaTokenPrices)]);
    const missing = mediaModels.filter(({ id, provider }) => !known.has(provider === "fashn" ? "fashn" : id));
    expect(missing.map(({ id }) => id)).toEqual([]);
  });

  it("are of models that there are", () => {
    const ids = new Set<string>(["fashn", ...mediaModels.map(({ id }) => id)]);
    expect(rows.map(([key]) => modelOf(key)).filter((id) => !ids.has(id))).toEqual([]);
  });

  it.each(priced)(
    "$key rests on a source that is named, with its kind and day",
    ({ basis, source, asOf, microUsd }) => {
      expect(Number.isSafeInteger(microUsd) && microUsd >= 0).toBe(true);
      expect(asOf).toMatch(/^\d{4}-\d\d-\d\d$/);
      // A vendor's page has an address; what only others say has none to be mistaken for it.
      expect(/^https:\/\//.test(source)).toBe(basis !== "third-party");
    },
  );

  it("are null where none is known, never a cousin's", () => {
    expect(mediaCostPicoUsd("S2V-01/720P/6", 1)).toBeUndefined();
    expect(mediaCostPicoUsd("gemini-omni-1.1-flash/4k", 8)).toBeUndefined();
    expect(mediaCostPicoUsd("no-such-model", 1)).toBeUndefined();
  });

  it("of what is sold by the minute are by the second", () => {
    expect(mediaCostPicoUsd("gpt-transcribe", 60)).toBe(4_500_000_000n);
  });

  it("count megapixels: the first, and each further one begun", () => {
    expect(megapixelCostPicoUsd("flux-2-pro", 1)).toBe(30_000_000_000n);
    expect(megapixelCostPicoUsd("flux-2-pro", 2.1)).toBe(60_000_000_000n);
  });
});

describe("media models", () => {
  it("say that they end, with the successor, from 60 days before", () => {
    const whisper = findMediaModel("whisper-1");
    expect(shutdownWarning(whisper, Date.parse("2026-12-01"))).toBeUndefined();
    expect(shutdownWarning(whisper, Date.parse("2027-01-01"))).toBe(
      "model (whisper-1 ends on 2027-02-26; use gpt-transcribe)",
    );
  });

  it("have successors that are in the catalogue", () => {
    for (const { deprecated } of mediaModels)
      if (deprecated !== undefined) expect(findMediaModel(deprecated.successor)).toBeDefined();
  });
});
