import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { insertPreset, maxPresets } from "#core/db/presets.ts";
import { GatewayError } from "#core/errors.ts";
import { changePreset, createPreset, deletePreset, showPresets } from "#core/presets/manage.ts";
import { withPreset } from "#core/presets/with-preset.ts";
import type { NativeRequest } from "#core/providers/native.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { createPresetSchema, type PresetSettings } from "#core/schemas/presets.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

const names = Array.from({ length: 16 }, () => "x".repeat(64));
const longest = {
  model: "gpt",
  provider: { order: names, only: names, ignore: names },
  fallback: Array.from({ length: 8 }, () => `mine/${"x".repeat(150)}`),
};

describe.skipIf(!hasTables)(`presets (${tablesName})`, () => {
  useTables();
  let userId: string;
  beforeEach(() => {
    userId = `user_${randomUUID()}`;
  });
  const create = (name: string, settings: PresetSettings) => createPreset(userId, { name, settings });
  const longestTimeoutMs = 290_000;
  const asked = (fields: object, native?: Partial<NativeRequest>) =>
    withPreset(
      {
        body: chatRequestSchema.parse({
          model: "@preset/brief",
          messages: [{ role: "user", content: "Hi" }],
          ...fields,
        }),
        caller: { principal: { userId } },
        native: native as NativeRequest | undefined,
      },
      longestTimeoutMs,
    );
  const ask = async (...given: Parameters<typeof asked>) => (await asked(...given)).opening;

  it("are created, listed by name, replaced as a whole and deleted", async () => {
    const made = await create("brief", { model: "gpt", temperature: 0.2 });
    expect(made).toMatchObject({ name: "brief", model: "@preset/brief", settings: { model: "gpt", temperature: 0.2 } });
    await create("a", { model: "auto" });
    expect((await showPresets(userId)).map(({ name }) => name)).toEqual(["a", "brief"]);
    expect(await changePreset(userId, "brief", { model: "claude" })).toMatchObject({
      settings: { model: "claude" },
      createdAt: made.createdAt,
    });
    await deletePreset(userId, "brief");
    expect((await showPresets(userId)).map(({ name }) => name)).toEqual(["a"]);
    expect(await showPresets("user_other")).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>, object]>([
    ["a name twice", () => create("brief", { model: "gpt" }), { code: "CONFLICT", param: "name" }],
    [
      "a model that is not there",
      () => create("x", { model: "gtp" }),
      { code: "INVALID_MODEL", param: "settings.model" },
    ],
    ["a preset as a model", () => create("x", { model: "@preset/brief" }), { code: "INVALID_MODEL" }],
    [
      "a fallback that is not there",
      () => create("x", { model: "gpt", fallback: ["claude", "none"] }),
      { param: "settings.fallback[1]" },
    ],
    ["settings that are too long", () => create("x", longest), { param: "settings" }],
    ["a change of none", () => changePreset(userId, "none", { model: "gpt" }), { code: "NOT_FOUND" }],
    ["a change of a property of objects", () => changePreset(userId, "constructor", { model: "gpt" }), { status: 404 }],
    ["a deletion of none", () => deletePreset(userId, "none"), { code: "NOT_FOUND" }],
  ])("are refused: %s", async (_name, work, expected) => {
    await create("brief", { model: "gpt" });
    await expect(work()).rejects.toMatchObject(expected);
    expect((await showPresets(userId)).map(({ name }) => name)).toEqual(["brief"]);
  });

  it("are at most so many, also when they are created at once", async () => {
    const row = { settings: '{"model":"gpt"}', createdAt: "2026-11-29T00:00:00.000Z", updatedAt: "" };
    for (let index = 1; index < maxPresets; index += 1) await insertPreset(userId, `p-${index}`, row);
    const results = await Promise.all(["x", "y", "z"].map((name) => insertPreset(userId, name, row)));
    expect(results.toSorted()).toEqual(["full", "full", "stored"]);
  });

  it("give a request what it does not say itself", async () => {
    const settings = { model: "gpt", fallback: ["claude"], temperature: 0.2, max_tokens: 100, retries: 0 };
    await create("brief", settings);
    expect((await ask({})).body).toMatchObject(settings);
    const own = (await ask({ temperature: 1, max_completion_tokens: 5, top_p: null, fallback: [] })).body;
    expect(own).toMatchObject({ model: "gpt", temperature: 1, max_completion_tokens: 5, fallback: [], retries: 0 });
    expect(own).not.toHaveProperty("max_tokens");
  });

  it("give a request that cannot have their time the longest that it can have, and say so", async () => {
    await create("brief", { model: "gpt", timeout: 300_000 });
    const { opening, warnings } = await asked({});
    expect(opening.body.timeout).toBe(longestTimeoutMs);
    expect(warnings).toEqual(["timeout (290000 ms without streaming)"]);
    // What the request itself says is refused later, where it is too long.
    expect(await asked({ timeout: 300_000 })).toMatchObject({ opening: { body: { timeout: 300_000 } }, warnings: [] });
    expect(await asked({ timeout: 1_000 })).toMatchObject({ opening: { body: { timeout: 1_000 } }, warnings: [] });
    await changePreset(userId, "brief", { model: "gpt", timeout: longestTimeoutMs });
    expect((await asked({})).warnings).toEqual([]);
  });

  it("leave a request in its own dialect where they have no parameters for the model", async () => {
    const native = { dialect: "messages", refusal: undefined } as const;
    await create("brief", { model: "claude", fallback: ["gpt"], guardrails: { input: ["pii"] } });
    expect((await ask({}, native)).native).toBe(native);
    await changePreset(userId, "brief", { model: "claude", temperature: 0 });
    expect((await ask({}, native)).native).toBeUndefined();
    const refusal = new GatewayError("BAD_REQUEST", "container is not supported", { param: "container" });
    await expect(ask({}, { ...native, refusal })).rejects.toBe(refusal);
  });

  it("that are not there are refused with those that are", async () => {
    await create("other", { model: "gpt" });
    for (const name of ["@preset/brief", "@preset/", "@preset/constructor", "@preset/Other"]) {
      await expect(ask({ model: name })).rejects.toMatchObject({
        code: "INVALID_MODEL",
        param: "model",
        details: { suggestions: ["@preset/other"] },
      });
    }
  });
});

it.each(["", "A", "-a", "a_b", "a/b", "__proto__", "a".repeat(65)])("a preset is not named %s", (name) => {
  expect(createPresetSchema.safeParse({ name, settings: { model: "gpt" } }).success).toBe(false);
});

it.each([
  {},
  { model: "" },
  { model: "gpt", messages: [] },
  { model: "gpt", temperature: 3 },
  { model: "gpt", tools: [] },
  { model: "gpt", stop: "END" },
  { model: "gpt", provider: { order: ["any text"] } },
])("settings are checked like a request's: %j", (settings) => {
  expect(createPresetSchema.safeParse({ name: "a", settings }).success).toBe(false);
});
