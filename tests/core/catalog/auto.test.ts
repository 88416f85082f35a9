import { describe, expect, test } from "vitest";
import { autoModels, rankAuto } from "#core/catalog/auto.ts";
import { models } from "#core/catalog/models.ts";
import { type ChatProviderId, chatProviderIds } from "#core/catalog/provider-ids.ts";
import { chatRequest, weatherTool } from "../providers/support.ts";

const part = (content: object) => ({ messages: [{ role: "user", content: [content] }] });
const image = part({ type: "image_url", image_url: { url: "data:image/png;base64,AA" } });
const audio = part({ type: "input_audio", input_audio: { data: "AA", format: "wav" } });
const file = part({ type: "file", file: { file_data: "data:application/pdf;base64,AA" } });

const rank = (fields: Record<string, unknown>, keys: readonly ChatProviderId[] = chatProviderIds, characters = 400) =>
  rankAuto(chatRequest(fields), characters, (provider) => keys.includes(provider)).flatMap(
    ({ catalog }) => catalog ?? [],
  );

test("its list holds models of the catalogue whose end is not announced", () => {
  for (const id of autoModels) {
    const model = models.find((each) => each.id === id);
    expect(model, id).toBeDefined();
    expect(model?.deprecated, id).toBeUndefined();
  }
});

describe("auto", () => {
  test("takes the cheapest of its list for the very request, the others in order of price after it", () => {
    expect(rank({})[0]?.id).toBe("deepseek/deepseek-v4-flash");
    expect(rank({}).every(({ id }) => autoModels.includes(id))).toBe(true);
    const [first, second] = rank({}, ["openai"]);
    expect([first?.id, second?.id]).toEqual(["gpt-6-luna", "gpt-6.1-terra"]);
  });

  test("asks nobody without a key", () => {
    expect(new Set(rank({}, ["anthropic", "x-ai"]).map(({ provider }) => provider))).toEqual(
      new Set(["anthropic", "x-ai"]),
    );
    expect(() => rank({}, [])).toThrow(expect.objectContaining({ code: "INVALID_MODEL", param: "model" }));
  });

  test.each([
    ["an image", image, "image"],
    ["audio", audio, "audio"],
    ["a file", file, "file"],
  ])("with %s takes a model that reads it", (_name, fields, modality) => {
    const ranked = rank(fields);
    expect(ranked.length).toBeGreaterThan(0);
    for (const model of ranked) expect(model.input, model.id).toContain(modality);
  });

  test("with tools, a schema or an effort takes a model that has them", () => {
    const customTool = { type: "custom", custom: { name: "run" } };
    expect(new Set(rank({ tools: [customTool] }).map(({ provider }) => provider))).toEqual(new Set(["openai"]));
    for (const model of rank({ tools: [weatherTool] })) expect(model.capabilities.tools, model.id).toBe(true);
    const schema = { type: "json_schema", json_schema: { name: "x", schema: { type: "object" } } };
    expect(rank({ response_format: schema }).map(({ id }) => id)).not.toContain("MiniMax-M3");
    for (const model of rank({ reasoning_effort: "high" })) expect(model.capabilities.reasoning, model.id).toBe(true);
  });

  test("with much to read or to write takes a model that has the room", () => {
    for (const model of rank({}, chatProviderIds, 4 * 600_000))
      expect(model.contextTokens, model.id).toBeGreaterThan(600_000);
    for (const model of rank({ max_tokens: 100_000 }))
      expect(model.maxOutputTokens, model.id).toBeGreaterThanOrEqual(100_000);
    expect(() => rank({}, chatProviderIds, 4 * 50_000_000)).toThrow(/Name a model instead of auto/);
  });

  test("looks beyond its list only where nothing on it can serve", () => {
    const [model] = rank({}, ["minimax"], 400);
    expect(model?.id).toBe("MiniMax-M3.1-Flash");
    // Gemini's own list models all hear, and OpenRouter's read no files: nothing else is needed there.
    expect(rank(audio).every(({ id }) => autoModels.includes(id))).toBe(true);
  });
});
