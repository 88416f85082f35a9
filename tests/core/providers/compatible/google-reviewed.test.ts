import { describe, expect, it } from "vitest";
import { toGoogleRequest } from "#core/providers/compatible/google-request.ts";
import { fc } from "#tests/support/property.ts";
import { providerCall } from "../support.ts";

const options = { provider: "google", model: "gemini-3.1-flash" } as const;
const shape = (fields: object, byok = false) => toGoogleRequest(providerCall({ ...fields }, { ...options, byok }));
const thinking = { include_thoughts: true, thinking_budget: 512, thinking_level: "low" };
const unreviewed = {
  cached_content: "cachedContents/of-somebody-else",
  safety_settings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
  tools: [{ google_search: {} }, { url_context: {} }],
};

describe("extra_body on the platform's key", () => {
  it("passes what was reviewed", async () => {
    const { body, warnings } = await shape({ extra_body: { google: { thinking_config: thinking } } });
    expect(body.extra_body).toEqual({ google: { thinking_config: thinking } });
    expect(warnings).toEqual([]);
  });

  it("drops what was not, by name, and keeps the rest", async () => {
    const extra = { google: { ...unreviewed, thinking_config: { ...thinking, mode: "x" } }, service_tier: "priority" };
    const { body, warnings } = await shape({ extra_body: extra });
    expect(body.extra_body).toEqual({ google: { thinking_config: thinking } });
    expect([...warnings].sort()).toEqual([
      "extra_body.google.cached_content",
      "extra_body.google.safety_settings",
      "extra_body.google.thinking_config.mode",
      "extra_body.google.tools",
      "extra_body.service_tier",
    ]);
  });

  it("is left out when nothing of it was reviewed", async () => {
    const { body } = await shape({ extra_body: { google: unreviewed } });
    expect(body).not.toHaveProperty("extra_body");
  });

  it.each([
    { thinking_budget: { value: 1 } },
    { thinking_level: ["low", { cached_content: "x" }] },
    { include_thoughts: "yes" },
  ])("takes a reviewed name only with a value of its kind: %j", async (config) => {
    const { body, warnings } = await shape({ extra_body: { google: { thinking_config: config } } });
    expect(body).not.toHaveProperty("extra_body");
    expect(warnings).toEqual([`extra_body.google.thinking_config.${Object.keys(config)[0]}`]);
  });

  it("leaves reasoning_effort where the thinking config that would replace it is dropped", async () => {
    const { body } = await shape({ reasoning_effort: "low", extra_body: { google: { thinking_config: { mode: 1 } } } });
    expect(body).toMatchObject({ reasoning_effort: "low" });
  });

  const anything = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.string(),
      fc.boolean(),
      fc.integer(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(
        fc.oneof(
          fc.constantFrom("google", "thinking_config", "cached_content", "tools", "include_thoughts", "constructor"),
          fc.string(),
        ),
        tie("value"),
        { maxKeys: 4 },
      ),
    ),
  })).value;

  it("never passes a name that is not on the list, whatever is sent", async () => {
    const reviewed = /^(google(\.thinking_config(\.(include_thoughts|thinking_budget|thinking_level))?)?)$/;
    const pathsOf = (value: unknown, path = ""): string[] =>
      typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([name, member]) => {
            const own = path === "" ? name : `${path}.${name}`;
            return [own, ...pathsOf(member, own)];
          })
        : [];
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom("google", "other"), anything), async (extra) => {
        const { body } = await shape({ extra_body: extra });
        for (const path of pathsOf(body.extra_body)) expect(path).toMatch(reviewed);
      }),
    );
  });
});

describe("extra_body on the caller's own key", () => {
  it("passes as it came, without a warning", async () => {
    const extra = { google: { ...unreviewed, thinking_config: thinking }, anything: [1, { a: "b" }] };
    const { body, warnings } = await shape({ extra_body: extra }, true);
    expect(body.extra_body).toEqual(extra);
    expect(warnings).toEqual([]);
  });
});

describe("extra_content", () => {
  const content = { google: { thought_signature: "c2ln", cached_content: "x" }, other: { a: 1 } };
  const call = { id: "call_1", type: "function", function: { name: "f", arguments: "{}" }, extra_content: content };
  const messages = [
    { role: "user", content: "Hi" },
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", tool_call_id: "call_1", content: "done" },
  ];
  const sent = async (byok: boolean) => {
    const { body, warnings } = await shape({ messages }, byok);
    const [, assistant] = body.messages as { tool_calls?: { extra_content?: unknown }[] }[];
    return { content: assistant?.tool_calls?.[0]?.extra_content, warnings };
  };

  it("keeps the thought signature alone on the platform's key", async () => {
    const { content: kept, warnings } = await sent(false);
    expect(kept).toEqual({ google: { thought_signature: "c2ln" } });
    expect(warnings).toContain("messages.tool_calls.extra_content.google.cached_content");
  });

  it("passes whole on the caller's own key", async () => {
    expect(await sent(true)).toEqual({ content, warnings: [] });
  });
});
