import { describe, expect, test } from "vitest";
import { guardrailActions } from "#core/guardrails/settings.ts";
import { createPresetSchema, presetSettingsSchema } from "#core/schemas/presets.ts";
import * as page from "#functions/dashboard/page/src/api/preset-settings.ts";
import { readParameters, toFields, toSettings } from "#functions/dashboard/page/src/pages/presets/preset-fields.ts";

/** The form of a preset loses nothing, and knows what the API knows. */

const everything = {
  model: "claude-sonnet-5",
  fallback: ["gpt", "auto"],
  retries: 2,
  timeout: 30_000,
  guardrails: {
    input: [{ type: "pii", action: "redact" }],
    output: [
      { type: "pii", action: "flag" },
      { type: "content_moderation", action: "block" },
    ],
  },
  provider: {
    order: ["bedrock", "anthropic"],
    only: ["anthropic", "bedrock"],
    ignore: ["openrouter"],
    sort: "latency",
    max_price: { prompt: 3, completion: 15.5 },
    allow_fallbacks: false,
  },
  temperature: 0.2,
  top_p: 1,
  max_tokens: 2_000,
  max_completion_tokens: 2_000,
  seed: 7,
  frequency_penalty: -0.5,
  presence_penalty: 0,
  reasoning_effort: "low",
} as const;

describe("the form of a preset", () => {
  test("has a field for every setting of the API, and gives back what it was given", () => {
    expect(Object.keys(everything).sort()).toEqual(Object.keys(presetSettingsSchema.shape).sort());
    expect(presetSettingsSchema.parse(everything)).toEqual(everything);
    expect(toSettings(toFields(everything))).toEqual(everything);
    expect(page.guardrailActions).toEqual(guardrailActions);
  });

  test("leaves out what is empty", () => {
    expect(toSettings(toFields({ model: " auto " }))).toEqual({ model: "auto" });
  });

  test("shows a guardrail by its bare name as one that blocks", () => {
    const fields = toFields({ model: "auto", guardrails: { input: ["pii"] } });
    expect(fields.guardrails.input.pii.value).toBe("block");
    expect(createPresetSchema.safeParse({ name: "a", settings: toSettings(fields) }).error).toBeUndefined();
  });

  test.each([
    ["{", "This is not JSON"],
    ["[1]", "Write one JSON object"],
    ['{"temprature": 1}', "A preset cannot set temprature. It can set temperature,"],
    ['{"model": "gpt"}', "model has a field of its own"],
  ])("says what is wrong with the parameters %s", (text, fault) => {
    expect(readParameters(text)).toEqual({ fault: expect.stringContaining(fault) });
    const fields = toFields({ model: "auto" });
    fields.parameters.value = text;
    expect(() => toSettings(fields)).toThrow(fault);
  });
});
