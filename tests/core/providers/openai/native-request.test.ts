import { describe, expect, it } from "vitest";
import { toNativeRequest } from "#core/providers/openai/native-request.ts";
import {
  reviewedFields,
  reviewedItems,
  reviewedParts,
  reviewedTools,
} from "#core/providers/openai/reviewed-responses.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { fc, runs } from "#tests/support/property.ts";

const shape = (body: JsonRecord, { byok = false, model = "gpt-5.2", stream = false } = {}) => {
  const call: ProviderCall = {
    provider: "openai",
    model,
    request: { model, messages: [], stream },
    credential: { apiKey: "sk-test", baseUrl: "https://api.openai.com/v1", byok },
    completionId: "chatcmpl-1",
    signal: new AbortController().signal,
    timeouts: { headersMs: 1, idleMs: 1 },
  };
  const native = { dialect: "responses" as const, body, headers: {}, refusal: undefined, cutFrames: () => "" };
  const { body: sent, warnings } = toNativeRequest(call, native);
  return { sent: JSON.parse(JSON.stringify(sent)) as JsonRecord, warnings };
};

describe("with the caller's own key", () => {
  it("a request leaves as it came, but for the model", () => {
    const body = {
      model: "gpt",
      input: [
        { type: "item_reference", id: "msg_1" },
        { type: "tomorrow", a: 1 },
      ],
      store: true,
      previous_response_id: "resp_1",
      conversation: { id: "conv_1" },
      service_tier: "priority",
      tools: [
        { type: "web_search", external_web_access: true },
        { type: "mcp", server_url: "https://example.com" },
      ],
      metadata: { a: "b" },
      temperature: 0.5,
      tomorrow: { b: 2 },
    };
    expect(shape(body, { byok: true, stream: true })).toEqual({
      sent: { ...body, model: "gpt-5.2", stream: true },
      warnings: [],
    });
  });
});

describe("with the platform's key", () => {
  it("nothing is stored, and reasoning comes encrypted so that it can be sent back", () => {
    expect(shape({ input: "Hello", store: true }).sent).toEqual({
      model: "gpt-5.2",
      input: "Hello",
      store: false,
      include: ["reasoning.encrypted_content"],
    });
  });

  it("models that do not reason are not asked for what they refuse", () => {
    const asked = {
      input: "Hello",
      reasoning: { effort: "high", summary: "auto" },
      include: ["reasoning.encrypted_content"],
      text: { verbosity: "low" },
    };
    const { sent, warnings } = shape(asked, { model: "gpt-4o-mini" });
    expect(sent).toEqual({ model: "gpt-4o-mini", input: "Hello", store: false, text: {} });
    expect(warnings).toEqual(["reasoning.effort", "text.verbosity"]);
  });

  it("models that reason get an effort that they take, and no sampling", () => {
    const asked = { input: "Hello", reasoning: { effort: "minimal" }, temperature: 0.2, top_p: 1 };
    const { sent, warnings } = shape(asked);
    expect(sent).toMatchObject({ reasoning: { effort: "low" } });
    expect(sent).not.toHaveProperty("temperature");
    expect(sent).not.toHaveProperty("top_p");
    expect(warnings).toEqual(["reasoning.effort", "temperature"]);
  });

  it("what stores, costs or calls somebody is dropped and named", () => {
    const { sent, warnings } = shape({
      input: [
        { type: "message", id: "msg_1", role: "user", content: [{ type: "input_text", text: "Hello", tomorrow: 1 }] },
        { type: "web_search_call", id: "ws_1" },
      ],
      tools: [
        { type: "function", name: "run", parameters: {}, strict: null, allowed_callers: ["programmatic"] },
        { type: "web_search" },
        { type: "mcp", server_url: "https://example.com" },
      ],
      service_tier: "priority",
      metadata: { a: "b" },
      prompt_cache_retention: "24h",
      context_management: [{ type: "compaction" }],
      reasoning: { effort: "low", mode: "pro" },
      include: ["file_search_call.results"],
      client_metadata: { a: "b" },
    });
    expect(sent).toEqual({
      model: "gpt-5.2",
      input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Hello" }] }],
      tools: [{ type: "function", name: "run", parameters: {} }],
      reasoning: { effort: "low" },
      include: ["reasoning.encrypted_content"],
      store: false,
    });
    expect(warnings).toEqual([
      "service_tier",
      "metadata",
      "prompt_cache_retention",
      "context_management",
      "reasoning.mode",
      "input.web_search_call",
      "input.input_text.tomorrow",
      "tools.function.allowed_callers",
      "tools.web_search",
      "tools.mcp",
    ]);
  });

  it("a turn comes back as it left: reasoning, calls and results", () => {
    const input = [
      { role: "user", content: "Hello" },
      { type: "reasoning", id: "rs_1", summary: [], content: null, encrypted_content: "gAAAA" },
      { type: "reasoning", id: "rs_2", summary: [] },
      {
        type: "message",
        id: "msg_1",
        role: "assistant",
        content: [{ type: "output_text", text: "Hm", annotations: [{ file_id: "file_1" }], logprobs: [] }],
      },
      { type: "function_call", id: "fc_1", call_id: "call_1", name: "run", arguments: "{}", status: "completed" },
      { type: "function_call_output", call_id: "call_1", output: [{ type: "input_text", text: "done" }] },
    ];
    expect(shape({ input }).sent.input).toEqual([
      { type: "message", role: "user", content: "Hello" },
      { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAAA" },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hm", annotations: [] }] },
      { type: "function_call", call_id: "call_1", name: "run", arguments: "{}", status: "completed" },
      { type: "function_call_output", call_id: "call_1", output: [{ type: "input_text", text: "done" }] },
    ]);
  });
});

/** Names that the SDK's types and the vendor's specification know beyond the reviewed ones. */
const fields = [
  ...reviewedFields,
  "store",
  "previous_response_id",
  "conversation",
  "prompt",
  "background",
  "metadata",
  "service_tier",
  "context_management",
  "prompt_cache_retention",
  "prompt_cache_options",
  "max_tool_calls",
  "moderation",
  "image",
  "access_programs",
  "client_metadata",
  "tomorrow",
];
const itemTypes = [
  ...Object.keys(reviewedItems),
  ...["item_reference", "web_search_call", "file_search_call", "computer_call", "computer_call_output"],
  ...["code_interpreter_call", "image_generation_call", "mcp_call", "mcp_list_tools", "mcp_approval_request"],
  ...["mcp_approval_response", "shell_call", "shell_call_output", "local_shell_call", "local_shell_call_output"],
  ...["apply_patch_call", "apply_patch_call_output", "tool_search_call", "tool_search_output", "additional_tools"],
  ...["configuration_update", "compaction_trigger", "program", "program_output", "tomorrow"],
];
const toolTypes = [
  ...Object.keys(reviewedTools),
  ...["web_search", "web_search_preview", "file_search", "computer", "computer_use_preview", "mcp", "code_interpreter"],
  ...[
    "image_generation",
    "local_shell",
    "shell",
    "apply_patch",
    "tool_search",
    "programmatic_tool_calling",
    "tomorrow",
  ],
];
const partTypes = [...Object.keys(reviewedParts), "input_audio", "computer_screenshot", "tomorrow"];
const members = [
  ...new Set(
    [...Object.values(reviewedItems), ...Object.values(reviewedParts), ...Object.values(reviewedTools)].flat(),
  ),
  ...[
    "file_id",
    "file_url",
    "vector_store_ids",
    "server_url",
    "connector_id",
    "container",
    "environment",
    "caller",
    "async",
  ],
  ...["defer_loading", "allowed_callers", "output_schema", "prompt_cache_breakpoint", "agent", "tomorrow"],
];

const objectOfType = (types: readonly string[], content: fc.Arbitrary<unknown>) =>
  fc
    .tuple(
      fc.constantFrom(...types),
      fc.dictionary(fc.constantFrom(...members), fc.oneof(fc.constant("x"), fc.constant({ id: "x" }), content), {
        maxKeys: 8,
      }),
    )
    .map(([type, rest]) => ({ ...rest, type }));
const part = objectOfType(partTypes, fc.constant(null));
const item = objectOfType(itemTypes, fc.array(part, { maxLength: 2 }));
const tool = objectOfType(toolTypes, fc.array(objectOfType(toolTypes, fc.constant(null)), { maxLength: 2 }));
const anyBody = fc.dictionary(
  fc.constantFrom(...fields),
  fc.oneof(
    fc.constant("x"),
    fc.constant(true),
    fc.constant({ id: "x", mode: "pro" }),
    fc.array(item, { maxLength: 3 }),
  ),
);

describe("whatever is asked, nothing unreviewed leaves with the platform's key", () => {
  it("of fields, items, parts and tools", () => {
    fc.assert(
      fc.property(anyBody, fc.array(item), fc.array(tool), (body, input, tools) => {
        const { sent } = shape({ ...body, input, tools });
        expect(sent.store).toBe(false);
        for (const name of Object.keys(sent)) expect([...reviewedFields, "model", "store"]).toContain(name);
        const check = (list: unknown, types: Readonly<Record<string, readonly string[]>>): void => {
          for (const entry of Array.isArray(list) ? (list as readonly JsonRecord[]) : []) {
            for (const name of Object.keys(entry)) expect(types[String(entry.type)]).toContain(name);
          }
        };
        check(sent.input, reviewedItems);
        for (const each of sent.input as readonly JsonRecord[]) {
          if (each.type === "message") check(each.content, reviewedParts);
          check(each.output, reviewedParts);
        }
        check(sent.tools, reviewedTools);
        for (const each of (sent.tools ?? []) as readonly JsonRecord[]) {
          if (each.type === "namespace") check(each.tools, reviewedTools);
        }
      }),
      { numRuns: runs(500) },
    );
  });
});
