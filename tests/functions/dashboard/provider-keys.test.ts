import { describe, expect, test } from "vitest";
import { customPresets } from "#core/catalog/custom-presets.ts";
import { isReservedSlug } from "#core/catalog/resolve.ts";
import { byokProviders, customAuthHeaders } from "#core/db/provider-key-rows.ts";
import { createProviderKeySchema, testProviderKeySchema } from "#core/schemas/provider-keys.ts";
import { authHeaders, customPresets as pagePresets } from "#functions/dashboard/page/src/api/custom-presets.ts";
import {
  accessOf,
  modelsOf,
  newFields,
  newModel,
} from "#functions/dashboard/page/src/pages/provider-keys/access-fields.ts";
import {
  servingKeys,
  slugFor,
  targetOf,
  targetOfKey,
  targets,
} from "#functions/dashboard/page/src/pages/provider-keys/targets.ts";

/** The page of provider keys knows what the API knows. */

describe("the form of a provider key", () => {
  test("offers every provider of the API, and its known servers with their addresses and headers", () => {
    const named = targets.filter(({ kind }) => kind !== "custom").map(({ id }) => id);
    expect([...named, "custom"].sort()).toEqual([...byokProviders].sort());
    expect(authHeaders).toEqual(customAuthHeaders);
    const known = pagePresets.map(({ id, ...preset }) => [id, { ...preset, protocol: "openai" }]);
    expect(Object.fromEntries(known)).toEqual(customPresets);
  });

  test.each(targets.map((target) => [target.name, target] as const))(
    "sends for %s what the API takes, under a slug that may be used",
    (_, target) => {
      const fields = newFields(target);
      fields.apiKey.value = " a-key-of-some-length ";
      if (fields.baseUrl.value === "") fields.baseUrl.value = "https://llm.example.com/v1";
      const access = accessOf(target, fields);
      const slug = slugFor(target, []);
      expect(testProviderKeySchema.safeParse(access).error).toBeUndefined();
      expect(createProviderKeySchema.safeParse({ ...access, slug, displayName: "Mine" }).error).toBeUndefined();
      if (target.kind === "custom") expect(isReservedSlug(slug)).toBe(false);
      expect(slugFor(target, [slug, `${slug}-2`])).toBe(`${slug}-3`);
    },
  );

  test("describes the models that have a name, with prices only where they are given", () => {
    const fields = newFields(targetOf("custom"));
    const [priced, bare, empty] = [newModel(), newModel(), newModel()];
    priced.id.value = "large";
    priced.input.value = "0.5";
    priced.output.value = "1.5";
    priced.contextWindow.value = "128000";
    bare.id.value = " small ";
    fields.models.value = [priced, bare, empty];
    expect(modelsOf(fields)).toEqual([
      { id: "large", prices: { input: 0.5, output: 1.5 }, contextWindow: 128_000 },
      { id: "small" },
    ]);
  });
});

const key = (id: string, provider: string, more: object = {}) => ({
  id,
  provider,
  slug: id,
  displayName: id,
  last4: "",
  createdAt: "2026-11-29T00:00:00.000Z",
  paused: false,
  lastUsedAt: null,
  ...more,
});

describe("the list of provider keys", () => {
  test("says which key serves: the newest of a provider that is not paused, and each custom one", () => {
    const keys = [
      key("a", "openai", { paused: true }),
      key("b", "openai"),
      key("c", "openai"),
      key("d", "custom"),
      key("e", "custom"),
      key("f", "custom", { paused: true }),
    ];
    expect([...servingKeys(keys)]).toEqual(["b", "d", "e"]);
  });

  test.each([
    ["https://api.groq.com/openai/v1", "Groq"],
    ["https://mine.openai.azure.com/openai/v1", "Azure OpenAI"],
    ["https://llm.example.com/v1", "Another server"],
  ])("counts a key at %s for %s", (baseUrl, name) => {
    const custom = {
      baseUrl,
      protocol: "openai" as const,
      authHeader: "authorization" as const,
      models: [],
      modelPrefix: "x/",
    };
    expect(targetOfKey({ provider: "custom", custom }).name).toBe(name);
  });
});
