import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { platformChatProviderIds } from "#core/catalog/provider-ids.ts";
import { messagesDialect } from "#core/dialects/messages/dialect.ts";
import { responsesDialect } from "#core/dialects/responses/dialect.ts";
import { reviewMessages } from "#core/providers/anthropic/review-messages.ts";
import { applyFields } from "#core/providers/apply-fields.ts";
import { onlyReviewedBody } from "#core/providers/compatible/google-reviewed.ts";
import { reviewResponses } from "#core/providers/openai/review-responses.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { messagesRequestSchema } from "#core/schemas/messages.ts";
import { responsesRequestSchema } from "#core/schemas/responses.ts";
import type { JsonRecord } from "#core/values/records.ts";

/**
 * Tools that a provider runs itself have prices that are not in the catalogue, so none of them leaves on the platform's key,
 * whichever endpoint it comes through. Their names are those of the vendors' SDKs: a new one is here with the next update.
 */

const typesOf = (path: string): string =>
  readFileSync(new URL(`../../../node_modules/${path}`, import.meta.url), "utf8");

/** Tools of Anthropic that its client runs, and edits of the context, whose names look the same. */
const runByClients = /^(?:bash|text_editor|memory|clear_thinking|clear_tool_uses|compact)_/;
const anthropicTypes = [
  ...new Set(
    ["messages/messages.d.ts", "beta/messages/messages.d.ts"].flatMap((file) =>
      [...typesOf(`@anthropic-ai/sdk/resources/${file}`).matchAll(/'([a-z_]+_20\d{6})'/g)].map(([, type = ""]) => type),
    ),
  ),
].filter((type) => !runByClients.test(type));
const ofAnthropic = [...anthropicTypes, "mcp_toolset", "tool_search_tool_bm25_20251119"];

const ownTypes = /^(?:function|custom|namespace)$/;
const openaiUnion = /export type Tool = ([^;]+);/.exec(typesOf("openai/resources/responses/responses.d.ts"))?.[1] ?? "";
const ofOpenAi = [
  ...["file_search", "computer", "computer_use_preview", "web_search", "web_search_2025_08_26", "mcp", "shell"],
  ...["code_interpreter", "programmatic_tool_calling", "image_generation", "local_shell", "tool_search"],
  ...["web_search_preview", "web_search_preview_2025_03_11", "apply_patch"],
];
const everyName = [...new Set([...ofAnthropic, ...ofOpenAi, "google_search", "url_context", "live_search"])];

const own = { name: "run", input_schema: { type: "object" } };
const hosted = (type: string) => ({ type, name: "run_there", server_url: "https://example.com/mcp", max_uses: 5 });
const asMessages = (tools: readonly JsonRecord[]): JsonRecord => ({
  model: "claude",
  max_tokens: 100,
  messages: [{ role: "user", content: "Hi" }],
  tools,
});
const asResponses = (tools: readonly JsonRecord[]): JsonRecord => ({ model: "gpt", input: "Hi", tools });

describe("the names of hosted tools", () => {
  it("are all that the vendors' SDKs have", () => {
    expect(anthropicTypes.length).toBeGreaterThan(10);
    expect(openaiUnion.split("|").length).toBe(16);
    expect(ofOpenAi.filter((type) => ownTypes.test(type))).toEqual([]);
  });
});

describe.each(everyName)("the hosted tool %s on the platform's key", (type) => {
  it("is refused by chat completions, which have functions and custom tools only", () => {
    const request = { model: "gpt", messages: [{ role: "user", content: "Hi" }], tools: [hosted(type)] };
    expect(chatRequestSchema.safeParse(request).success).toBe(false);
  });

  it("is dropped and named in messages, as they came and translated", () => {
    const warnings = new Set<string>();
    expect(reviewMessages(asMessages([own, hosted(type)]), warnings).tools).toEqual([own]);
    expect([...warnings]).toContain(`tools.${type}`);
    const { request, warnings: named } = messagesDialect.toChat(
      messagesRequestSchema.parse(asMessages([own, hosted(type)])),
      {},
    );
    expect(request.tools).toHaveLength(1);
    expect(named).toContain(`tools.${type}`);
  });

  it("is dropped and named in responses, as they came and translated, also within namespaces", () => {
    const run = { type: "function", name: "run", parameters: { type: "object" } };
    const inner = { type: "namespace", name: "inner", description: "x", tools: [run, hosted(type)] };
    const tools = [run, hosted(type), { ...inner, name: "outer", tools: [inner] }];
    const warnings = new Set<string>();
    expect(JSON.stringify(reviewResponses(asResponses(tools), warnings))).not.toContain(`"${type}"`);
    expect([...warnings]).toContain(`tools.${type}`);
    const { request, warnings: named } = responsesDialect.toChat(
      responsesRequestSchema.parse(asResponses([run, hosted(type)])),
      {},
    );
    expect(request.tools).toHaveLength(1);
    expect(named).toContain(`tools.${type}`);
  });
});

describe("fields that make a provider search, or choose other models and hosts, on the platform's key", () => {
  const fields = {
    web_search_options: { search_context_size: "high" },
    search_parameters: { mode: "on" },
    plugins: [{ id: "web" }],
    models: ["openai/o1-pro"],
    route: "fallback",
    mcp_servers: [{ type: "url", url: "https://example.com/mcp", name: "x" }],
    tools_of_tomorrow: [{ type: "web_search" }],
  };

  it.each(platformChatProviderIds)("never leave to %s", (provider) => {
    const request = chatRequestSchema.parse({ model: "x", messages: [{ role: "user", content: "Hi" }], ...fields });
    const warnings = new Set<string>();
    const { passed, open } = applyFields(provider, request, new Set(["platform-key"]), warnings);
    expect(Object.keys({ ...passed, ...open }).filter((name) => name in fields)).toEqual([]);
    expect([...warnings].toSorted()).toEqual(Object.keys(fields).toSorted());
  });

  it("never leave in Google's own extensions", () => {
    const warnings = new Set<string>();
    const body = { google: { tools: [{ google_search: {} }], thinking_config: { thinking_budget: 1 } } };
    expect(onlyReviewedBody(body, warnings)).toEqual({ google: { thinking_config: { thinking_budget: 1 } } });
    expect([...warnings]).toEqual(["extra_body.google.tools"]);
  });
});
