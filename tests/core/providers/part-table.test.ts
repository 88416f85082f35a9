import { describe, expect, test } from "vitest";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { caseOf } from "#core/providers/apply-fields.ts";
import { type Condition, type PartName, partTable } from "#core/providers/field-table.ts";
import { baseUrlOf, useProviders } from "#tests/infra/local/providers/harness.ts";
import { callProvider, rejection, weatherTool } from "./support.ts";

/** The table of parts is true: each part is sent to each provider, and what arrives is what the table says. */

const { providers } = useProviders();

const targets = [
  { name: "openai", provider: "openai", model: "gpt-5.2", holds: [] },
  { name: "openai, Responses API", provider: "openai", model: "gpt-5.3-codex", holds: ["responses"] },
  { name: "anthropic", provider: "anthropic", model: "claude-sonnet-4-5", holds: [] },
  { name: "google", provider: "google", model: "gemini-3.1-pro-preview", holds: [] },
  { name: "x-ai", provider: "x-ai", model: "grok-4.3", holds: [] },
  { name: "openrouter", provider: "openrouter", model: "deepseek/deepseek-v3.2", holds: [] },
  { name: "minimax", provider: "minimax", model: "MiniMax-M3", holds: [] },
  { name: "bedrock", provider: "bedrock", model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", holds: [] },
  { name: "custom", provider: "custom", model: "mine/my-model", holds: [] },
] as const satisfies readonly {
  readonly name: string;
  readonly provider: ChatProviderId;
  readonly model: string;
  readonly holds: readonly Condition[];
}[];

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const plainTool = { type: "function", function: { name: "get_weather" } };
const mark = { cache_control: { type: "ephemeral" } };
const ask = (part: object) => ({ messages: [{ role: "user", content: [part] }] });
const longId = "call_019a2b3c-4d5e-7f60-8192-a3b4c5d6e7f8";
const turn = (assistant: object, id = "call_1") => ({
  messages: [
    { role: "user", content: "The weather?" },
    {
      role: "assistant",
      content: null,
      tool_calls: [
        {
          id,
          type: "function",
          function: { name: "get_weather", arguments: "{}" },
          ...("call" in assistant ? (assistant.call as object) : {}),
        },
      ],
      ...("message" in assistant ? (assistant.message as object) : {}),
    },
    { role: "tool", tool_call_id: id, content: "rain" },
  ],
  tools: [plainTool],
});

const withToolImage = (request: ReturnType<typeof turn>) => ({
  ...request,
  messages: request.messages.map((message) =>
    message.role === "tool"
      ? { ...message, content: [{ type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } }] }
      : message,
  ),
});

const customTool = { type: "custom", custom: { name: "run_sql", format: { type: "text" } } };

interface Sample {
  readonly request: Record<string, unknown>;
  /** What stands in the body where the part passes. */
  readonly marker: string;
  /** What stands there where it is put into the provider's form. */
  readonly translated?: string;
  readonly warning?: string;
  /** Where a refusal points. */
  readonly param?: string;
}

/** Without an entry the part has a test of its own elsewhere: the fetching of images, in fetch-image.test.ts. */
const samples: Readonly<Record<Exclude<PartName, "messages[].content[]: image_url, https">, Sample>> = {
  "messages[].role: developer": {
    request: {
      messages: [
        { role: "developer", content: "Be brief" },
        { role: "user", content: "Hi" },
      ],
    },
    marker: '"developer"',
    translated: '"system"',
  },
  "messages[].name": {
    request: { messages: [{ role: "user", name: "ann", content: "Hi" }] },
    marker: '"name":"ann"',
    warning: "messages.name",
  },
  "messages[].cache_control": {
    request: { messages: [{ role: "user", content: "Hi", ...mark }] },
    marker: '"cache_control":{"type":"ephemeral"}',
    translated: '"cachePoint":{"type":"default"}',
    warning: "cache_control",
  },
  "messages[].content[].cache_control": {
    request: ask({ type: "text", text: "Hi", ...mark }),
    marker: '"cache_control":{"type":"ephemeral"}',
    translated: '"cachePoint":{"type":"default"}',
    warning: "cache_control",
  },
  "messages[].content[]: image_url, data:": {
    request: ask({ type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } }),
    marker: `"url":"data:image/png;base64,${pixel}"`,
    translated: pixel,
  },
  "messages[].content[].image_url.detail": {
    request: ask({ type: "image_url", image_url: { url: `data:image/png;base64,${pixel}`, detail: "low" } }),
    marker: '"detail":"low"',
    warning: "image_url.detail",
  },
  "messages[].content[]: input_audio": {
    request: ask({ type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }),
    marker: '"input_audio":{"data":"AAAA"',
  },
  "messages[].content[]: file": {
    request: ask({ type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERi0x" } }),
    marker: '"file":{"file_data"',
    translated: "JVBERi0x",
  },
  "messages[].content[]: image_url, of a tool": {
    request: withToolImage(turn({})),
    marker: `"role":"tool","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,${pixel}"`,
    translated: pixel,
    param: "messages[2].content[0]",
  },
  "messages[].tool_calls[]: custom": {
    request: {
      messages: [
        { role: "user", content: "How many?" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "call_1", type: "custom", custom: { name: "run_sql", input: "SELECT 1" } }],
        },
        { role: "tool", tool_call_id: "call_1", content: "one" },
      ],
      tools: [plainTool],
    },
    marker: '"custom":{"name":"run_sql","input":"SELECT 1"}',
    translated: '"type":"custom_tool_call_output","call_id":"call_1"',
    param: "messages[1].tool_calls[0].custom",
  },
  "messages[].tool_calls[].id": { request: turn({}, longId), marker: longId, translated: longId },
  "messages[].tool_calls[].extra_content": {
    request: turn({ call: { extra_content: { google: { thought_signature: "skip_thought_signature_validator" } } } }),
    marker: '"extra_content":{"google":',
  },
  "messages[].thinking_blocks": {
    request: turn({ message: { thinking_blocks: [{ type: "redacted_thinking", data: "sealed" }] } }),
    marker: '"data":"sealed"',
    translated: '"redactedContent":"sealed"',
  },
  "messages[].reasoning_details": {
    request: turn({
      message: {
        reasoning_details: [{ type: "reasoning.encrypted", id: "rs_1", data: "sealed", format: "openai-responses-v1" }],
      },
    }),
    marker: '"data":"sealed"',
    translated: '"encrypted_content":"sealed"',
  },
  "messages[].reasoning_content": {
    request: turn({ message: { reasoning_content: "a thought" } }),
    marker: '"reasoning_content":"a thought"',
  },
  "tools[]: custom": {
    request: { tools: [plainTool, customTool] },
    marker: '"custom":{"name":"run_sql"',
    translated: '"type":"custom","name":"run_sql","format":{"type":"text"}',
    param: "tools[1].custom",
  },
  "tool_choice: custom": {
    request: { tools: [customTool], tool_choice: { type: "custom", custom: { name: "run_sql" } } },
    marker: '"tool_choice":{"type":"custom","custom":{"name":"run_sql"}}',
    translated: '"tool_choice":{"type":"custom","name":"run_sql"}',
    param: "tools[0].custom",
  },
  "tool_choice: allowed_tools": {
    request: {
      tools: [plainTool, { type: "function", function: { name: "get_time" } }],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "get_weather" } }] },
      },
    },
    marker: '"allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"get_weather"}}]}',
    translated:
      '"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"get_weather"}]}',
    warning: "tool_choice.allowed_tools",
  },
  "tools[].cache_control": {
    request: { tools: [{ ...plainTool, ...mark }] },
    marker: '"cache_control":{"type":"ephemeral"}',
    translated: '"cachePoint":{"type":"default"}',
    warning: "cache_control",
  },
  "tools[].function.strict": {
    request: { tools: [{ ...plainTool, function: { ...plainTool.function, strict: true } }] },
    marker: '"strict":true',
    warning: "tools.strict",
  },
  "tools[].function.parameters": {
    request: { tools: [weatherTool] },
    marker: JSON.stringify(weatherTool.function.parameters),
    warning: "tools.parameters.additionalProperties",
  },
};

const optionsOf = ({ provider, model }: (typeof targets)[number]) => ({
  provider,
  model,
  baseUrl: baseUrlOf(providers(), provider),
});

describe.each(targets)("$name", (target) => {
  test.each(Object.entries(samples))("%s", async (name, { request, marker, translated, warning, param }) => {
    const { treatment, note = "" } = caseOf(
      partTable[name as keyof typeof samples][target.provider],
      new Set<Condition>(target.holds),
    );
    providers().clearRequests();
    if (treatment === "refused") {
      const error = await rejection(callProvider(request, optionsOf(target)));
      expect(error).toMatchObject({
        name: "GatewayError",
        status: 400,
        param: param ?? expect.stringContaining("messages[0]"),
      });
      expect(providers().requests()).toEqual([]);
      return;
    }
    const { warnings } = await callProvider(request, optionsOf(target));
    const [received] = providers().requests();
    const body = JSON.stringify(received?.body);
    expect(received?.status).toBe(200);
    if (treatment === "passed") expect(body).toContain(marker);
    else expect(body).not.toContain(marker);
    if (treatment === "translated") expect(body).toContain(translated);
    const isTold = (treatment === "dropped" || treatment === "clamped") && !note.startsWith("without a warning");
    if (isTold && warning !== undefined) expect(warnings).toContain(warning);
    else expect(warnings).toEqual([]);
  });
});
