import { describe, expect, it } from "vitest";
import { toSignature } from "#core/dialects/messages/carried.ts";
import { toChat } from "#core/dialects/messages/to-chat.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { messagesRequestSchema } from "#core/schemas/messages.ts";

const hello = [{ role: "user", content: "Hello" }];

const translate = (fields: object, headers: Readonly<Record<string, string>> = {}) => {
  const body = parseWith(messagesRequestSchema, { model: "gpt", max_tokens: 100, messages: hello, ...fields });
  const translated = toChat(body, headers);
  // What the translation makes is what the core's own schema takes.
  parseWith(chatRequestSchema, translated.request);
  return translated;
};
const messagesOf = (messages: readonly object[], fields: object = {}) =>
  translate({ messages, ...fields }).request.messages;

const use = (id: string, input: object = {}) => ({ type: "tool_use", id, name: "read", input });
const result = (id: string, content: unknown, fields: object = {}) => ({
  type: "tool_result",
  tool_use_id: id,
  content,
  ...fields,
});
const text = (words: string) => ({ type: "text", text: words });
const png = "iVBORw0KGgo=";

describe("turns of the Messages dialect become chat messages:", () => {
  it("the system prompt comes first, its blocks in order and with their marks", () => {
    const system = [text("One"), { ...text("Two"), cache_control: { type: "ephemeral" } }];
    expect(translate({ system }).request.messages[0]).toEqual({
      role: "system",
      content: [
        { type: "text", text: "One" },
        { type: "text", text: "Two", cache_control: { type: "ephemeral" } },
      ],
    });
    expect(translate({ system: "Be brief" }).request.messages[0]).toEqual({ role: "system", content: "Be brief" });
  });

  it("parallel tool results keep their ids and directly follow their calls, whatever the system says between", () => {
    const messages = messagesOf([
      ...hello,
      { role: "assistant", content: [text("Reading"), use("toolu_1", { path: "a" }), use("toolu_2")] },
      { role: "system", content: "Be quick" },
      { role: "user", content: [result("toolu_2", "B"), result("toolu_1", [text("A"), text("a")]), text("Go on")] },
    ]);
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "tool", "system", "user"]);
    expect(messages[1]).toMatchObject({
      content: "Reading",
      tool_calls: [
        { id: "toolu_1", function: { name: "read", arguments: '{"path":"a"}' } },
        { id: "toolu_2", function: { name: "read", arguments: "{}" } },
      ],
    });
    expect(messages[2]).toMatchObject({ tool_call_id: "toolu_2", content: "B" });
    expect(messages[3]).toMatchObject({ tool_call_id: "toolu_1", content: "A\na" });
  });

  it("images and documents of a tool result follow it as the user's, and a failed one says so", () => {
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: png } };
    const pdf = { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" } };
    const messages = messagesOf([
      ...hello,
      { role: "assistant", content: [use("toolu_1")] },
      { role: "user", content: [result("toolu_1", [text("Seen"), image, pdf], { is_error: true })] },
    ]);
    expect(messages[2]).toMatchObject({ role: "tool", is_error: true });
    expect(messages[2]?.content).toMatch(/^Seen\n/);
    expect(messages[3]?.content).toEqual([
      expect.objectContaining({ type: "text" }),
      { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
      { type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "document.pdf" } },
    ]);
  });

  it("text documents and search results become text that every model reads", () => {
    const [message] = messagesOf([
      {
        role: "user",
        content: [
          { type: "document", title: "Notes", source: { type: "text", media_type: "text/plain", data: "words" } },
          { type: "search_result", source: "https://a.example", title: "A", content: [text("found")] },
        ],
      },
    ]);
    const parts = message?.content as readonly { readonly text: string }[];
    expect(parts[0]?.text).toContain("words");
    expect(parts[0]?.text).toContain('"Notes"');
    expect(parts[1]?.text).toContain("found");
  });

  it("Anthropic's thinking keeps its signature and its place among the calls", () => {
    const thinking = (signature: string) => ({ type: "thinking", thinking: "Hm", signature });
    const messages = messagesOf([
      ...hello,
      { role: "assistant", content: [thinking("first"), use("toolu_1"), thinking("second"), use("toolu_2")] },
      { role: "user", content: [result("toolu_1", "A"), result("toolu_2", "B")] },
    ]);
    expect(messages[1]).toMatchObject({
      thinking_blocks: [thinking("first"), { ...thinking("second"), tool_calls_before: 1 }],
    });
  });

  it("what another provider's thinking carries goes back to where it came from", () => {
    const details = [{ type: "reasoning.encrypted", id: "rs_1", data: "secret", format: "openai-responses-v1" }];
    const extra = { google: { thought_signature: "signed" } };
    const messages = messagesOf([
      ...hello,
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm", signature: toSignature({ details }) },
          { type: "thinking", thinking: "", signature: toSignature({ extra, reasoning: "…" }) },
          use("toolu_1"),
        ],
      },
      { role: "user", content: [result("toolu_1", "A")] },
    ]);
    expect(messages[1]).toMatchObject({
      reasoning_details: details,
      reasoning_content: "Hm…",
      tool_calls: [{ id: "toolu_1", extra_content: extra }],
    });
    expect(messages[1]).not.toHaveProperty("thinking_blocks");
  });

  it("a tool result without its call is refused by its place", () => {
    expect(() => messagesOf([{ role: "user", content: [result("toolu_9", "A")] }])).toThrow(
      expect.objectContaining({ code: "tool_call_id_mismatch", message: expect.stringContaining("messages[0]") }),
    );
  });

  it("an assistant's turn of thinking alone is left out", () => {
    const turn = { role: "assistant", content: [{ type: "thinking", thinking: "Hm", signature: "s" }] };
    expect(messagesOf([...hello, turn, { role: "user", content: "And?" }]).map(({ role }) => role)).toEqual([
      "user",
      "user",
    ]);
  });
});

describe("fields of the Messages dialect:", () => {
  const schema = { type: "object", properties: { path: { type: "string" } }, required: ["path"] };
  const tool = { name: "read", description: "Reads", input_schema: schema };

  it("tools become functions, and a long name fits and comes from one place", () => {
    const long = "mcp__".padEnd(100, "x");
    const { tools } = translate({ tools: [tool, { name: long, input_schema: { type: "object" } }] }).request;
    expect(tools?.[0]).toEqual({
      type: "function",
      function: { name: "read", description: "Reads", parameters: schema },
    });
    expect(tools?.[1]).toMatchObject({ function: { parameters: { type: "object", properties: {} } } });
  });

  it.each([
    [{ type: "auto" }, { tool_choice: "auto" }],
    [
      { type: "any", disable_parallel_tool_use: true },
      { tool_choice: "required", parallel_tool_calls: false },
    ],
    [{ type: "tool", name: "read" }, { tool_choice: { type: "function", function: { name: "read" } } }],
    [{ type: "none" }, { tool_choice: "none" }],
  ])("tool_choice %j", (choice, expected) => {
    expect(translate({ tools: [tool], tool_choice: choice }).request).toMatchObject(expected);
  });

  it.each([
    [{ thinking: { type: "enabled", budget_tokens: 31_999, display: "omitted" } }, "high"],
    [{ thinking: { type: "enabled", budget_tokens: 8_192 } }, "medium"],
    [{ thinking: { type: "enabled", budget_tokens: 1_024 } }, "low"],
    [{ thinking: { type: "adaptive" } }, "medium"],
    [{ thinking: { type: "adaptive" }, output_config: { effort: "xhigh" } }, "xhigh"],
    [{ thinking: { type: "disabled" }, output_config: { effort: "high" } }, "none"],
    [{}, undefined],
  ])("thinking becomes reasoning effort: %j", (fields, effort) => {
    expect(translate(fields).request.reasoning_effort).toBe(effort);
  });

  it("a JSON schema is strict only where OpenAI could hold it", () => {
    const closed = { ...schema, additionalProperties: false };
    const formatOf = (format: object) => translate({ output_config: { format } }).request.response_format;
    expect(formatOf({ type: "json_schema", schema: closed })).toMatchObject({ json_schema: { strict: true } });
    expect(formatOf({ type: "json_schema", schema })).toMatchObject({ json_schema: { strict: false, schema } });
    const named = translate({ output_format: { type: "json_schema", schema: closed } }).request.response_format;
    expect(named).toMatchObject({ json_schema: { schema: closed } });
  });

  it("an agent's long user id leaves as a digest", () => {
    expect(translate({ metadata: { user_id: "short" } }).request.user).toBe("short");
    expect(translate({ metadata: { user_id: "u".repeat(150) } }).request.user).toMatch(/^[0-9a-f]{64}$/);
  });

  it("max_tokens is lowered to what the model can write, by name", () => {
    const { request, warnings } = translate({ model: "claude-haiku-4-5", max_tokens: 128_000 });
    expect(request.max_completion_tokens).toBe(64_000);
    expect(warnings).toContain("max_tokens");
  });

  it("what has no counterpart is named and never refused: fields, betas, tools, blocks", () => {
    const { request, warnings, refusal } = translate(
      {
        context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
        some_day: { new: 1 },
        service_tier: "auto",
        tools: [
          { ...tool, defer_loading: true },
          { type: "web_search_20260318", name: "web_search" },
        ],
        messages: [
          ...hello,
          {
            role: "assistant",
            content: [{ type: "server_tool_use", id: "s", name: "web_search", input: {} }, text("x")],
          },
          { role: "user", content: [{ type: "hologram", data: 1 }, text("And?")] },
        ],
      },
      { "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14" },
    );
    expect(refusal).toBeUndefined();
    expect(request.tools).toHaveLength(1);
    expect(warnings).toEqual(
      expect.arrayContaining([
        "context_management",
        "some_day",
        "tools.defer_loading",
        "tools.web_search_20260318",
        "server_tool_use",
        "hologram",
        "claude-code-20250219",
        "interleaved-thinking-2025-05-14",
      ]),
    );
    expect(warnings).not.toContain("service_tier");
  });

  it.each([
    [{ container: "container_1" }, "container"],
    [{ mcp_servers: [{ type: "url", url: "https://mcp.example", name: "x" }] }, "mcp_servers"],
    [{ inference_geo: "us" }, "inference_geo"],
    [{ tools: [{ type: "web_search_20260318", name: "web_search" }], tool_choice: { type: "any" } }, "tool_choice"],
    [
      {
        messages: [
          { role: "user", content: [{ type: "image", source: { type: "file", file_id: "file_1" } }] },
          ...hello,
        ],
      },
      "messages[0].content[0].source",
    ],
  ])("what would be answered wrongly without it is refused: %j", (fields, param) => {
    expect(translate(fields).refusal).toMatchObject({ param });
  });

  it.each([
    [{ tools: [tool, tool] }, "Two tools are named read"],
    [{ tools: [tool], tool_choice: { type: "tool", name: "write" } }, "write"],
    [{ tool_choice: { type: "any" } }, "requires tools"],
    [{ messages: [{ role: "user", content: "" }] }, "some content"],
  ])("what no model could take is refused: %j", (fields, message) => {
    const body = parseWith(messagesRequestSchema, { model: "gpt", max_tokens: 100, messages: hello, ...fields });
    expect(() => toChat(body, {})).toThrow(message);
  });
});

describe("the schema of the Messages dialect", () => {
  const parse = (fields: object) =>
    parseWith(messagesRequestSchema, { model: "gpt", max_tokens: 100, messages: hello, ...fields });

  it.each([
    [{ max_tokens: undefined }, "max_tokens"],
    [{ messages: [{ role: "user", content: [{ type: "text" }] }] }, "messages[0].content[0].text"],
    [{ messages: [{ role: "tool", content: "x" }] }, "messages[0].role"],
    [{ messages: [{ role: "user", content: [{ type: "tool_result" }] }] }, "messages[0].content[0].tool_use_id"],
    [{ temperature: 1.5 }, "temperature"],
    [{ tools: [{ name: "a b", input_schema: { type: "object" } }] }, "tools[0].name"],
  ])("names the field at fault: %j", (fields, path) => {
    expect(() => parse(fields)).toThrow(expect.objectContaining({ param: path }));
  });

  it("takes null for absent", () => {
    const nulls = { system: null, tools: null, tool_choice: null, thinking: null, temperature: null, metadata: null };
    expect(() => toChat(parse(nulls), {})).not.toThrow();
  });
});
