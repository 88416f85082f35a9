import { describe, expect, it } from "vitest";
import { resolveModel } from "#core/catalog/resolve.ts";
import { checkChatRequest, supportedCandidates } from "#core/chat/check-request.ts";
import { GatewayError } from "#core/errors.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

const user = { role: "user", content: "hi" };
const tool = (name: string, parameters?: object) => ({
  type: "function",
  function: { name, ...(parameters === undefined ? {} : { parameters }) },
});
const custom = (name: string) => ({ type: "custom", custom: { name } });
const allowed = (...tools: readonly object[]) => ({ type: "allowed_tools", allowed_tools: { mode: "auto", tools } });
const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: "{}" } });
const withPart = (part: object) => ({
  messages: [user, { role: "user", content: [{ type: "text", text: "see" }, part] }],
});
const image = withPart({ type: "image_url", image_url: { url: "data:," } });
const audio = withPart({ type: "input_audio", input_audio: { data: "", format: "wav" } });
const file = withPart({ type: "file", file: { file_id: "f" } });

const fault = async (request: object, model = "gpt-5.2"): Promise<string> => {
  const parsed = chatRequestSchema.parse({ model, messages: [user], ...request });
  try {
    await checkChatRequest(parsed);
    supportedCandidates(parsed, [{ model: resolveModel(model) }]);
    return "none";
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    expect(error.status).toBe(400);
    return `${error.code} ${error.param}`;
  }
};

describe("checkChatRequest", () => {
  it.each<[string, object, string]>([
    ["no tools", {}, "none"],
    ["good tools", { tools: [tool("f", { type: "object" }), tool("g"), tool("h", {})] }, "none"],
    ["two tools of one name", { tools: [tool("f"), tool("f")] }, "tool_schema_invalid tools[1].function.name"],
    [
      "parameters that are no object",
      { tools: [tool("f"), tool("g", { type: "array" })] },
      "tool_schema_invalid tools[1].function.parameters",
    ],
    ["parameters without a root type, which are an object", { tools: [tool("f", { properties: {} })] }, "none"],
    ["a choice without tools", { tool_choice: "required" }, "tool_choice_invalid tool_choice"],
    ["a choice of an empty list", { tools: [], tool_choice: "auto" }, "tool_choice_invalid tool_choice"],
    ["choosing none without tools", { tool_choice: "none" }, "none"],
    [
      "a choice that names another tool",
      { tools: [tool("f")], tool_choice: { type: "function", function: { name: "g" } } },
      "tool_choice_invalid tool_choice.function.name",
    ],
    [
      "a choice that names a tool",
      { tools: [tool("f")], tool_choice: { type: "function", function: { name: "f" } } },
      "none",
    ],
    [
      "a function and a custom tool of one name",
      { tools: [tool("f"), custom("f")] },
      "tool_schema_invalid tools[1].custom.name",
    ],
    ["a choice that names a custom tool", { tools: [custom("f")], tool_choice: custom("f") }, "none"],
    [
      "a choice that names a function as a custom tool",
      { tools: [tool("f")], tool_choice: custom("f") },
      "tool_choice_invalid tool_choice.custom.name",
    ],
    [
      "allowed tools",
      { tools: [tool("f"), tool("g"), custom("h")], tool_choice: allowed(tool("g"), custom("h")) },
      "none",
    ],
    [
      "an allowed tool that is not among the tools",
      { tools: [tool("f")], tool_choice: allowed(tool("f"), tool("g")) },
      "tool_choice_invalid tool_choice.allowed_tools.tools[1].function.name",
    ],
    ["allowed tools without tools", { tool_choice: allowed(tool("f")) }, "tool_choice_invalid tool_choice"],
    [
      "a result that answers a call of a custom tool",
      {
        messages: [
          user,
          { role: "assistant", tool_calls: [{ id: "a", type: "custom", custom: { name: "f", input: "" } }] },
          { role: "tool", content: "1", tool_call_id: "a" },
        ],
      },
      "none",
    ],
    [
      "tool results that answer calls before them",
      {
        messages: [
          user,
          { role: "assistant", tool_calls: [call("a"), call("b")] },
          { role: "tool", content: "1", tool_call_id: "b" },
          { role: "tool", content: "2", tool_call_id: "a" },
        ],
      },
      "none",
    ],
    [
      "a tool result without its call",
      { messages: [user, { role: "tool", content: "1", tool_call_id: "a" }] },
      "tool_call_id_mismatch messages[1].tool_call_id",
    ],
    [
      "a tool result before its call",
      {
        messages: [
          { role: "tool", content: "1", tool_call_id: "a" },
          { role: "assistant", tool_calls: [call("a")] },
        ],
      },
      "tool_call_id_mismatch messages[0].tool_call_id",
    ],
    [
      "a call without its result",
      {
        messages: [
          user,
          { role: "assistant", tool_calls: [call("a"), call("b")] },
          { role: "tool", content: "1", tool_call_id: "a" },
        ],
      },
      "tool_call_id_mismatch messages[1].tool_calls[1].id",
    ],
    [
      "a result after the next turn",
      {
        messages: [
          user,
          { role: "assistant", tool_calls: [call("a")] },
          user,
          { role: "tool", content: "1", tool_call_id: "a" },
        ],
      },
      "tool_call_id_mismatch messages[1].tool_calls[0].id",
    ],
    [
      "a second result of a call",
      {
        messages: [
          user,
          { role: "assistant", tool_calls: [call("a")] },
          { role: "tool", content: "1", tool_call_id: "a" },
          { role: "tool", content: "2", tool_call_id: "a" },
        ],
      },
      "tool_call_id_mismatch messages[3].tool_call_id",
    ],
    [
      "an instruction between a call and its result",
      {
        messages: [
          user,
          { role: "assistant", tool_calls: [call("a")] },
          { role: "system", content: "s" },
          { role: "tool", content: "1", tool_call_id: "a" },
        ],
      },
      "none",
    ],
    ["290 s without stream", { timeout: 290_000 }, "none"],
    ["more without stream", { timeout: 290_001 }, "BAD_REQUEST timeout"],
    ["more with stream", { timeout: 300_000, stream: true }, "none"],
  ])("%s", async (_name, request, expected) => {
    expect(await fault(request)).toBe(expected);
  });

  it.each([
    ["an image for a model that reads text only", image, "deepseek", "BAD_REQUEST messages[1].content"],
    ["an image for one that sees", image, "gpt", "none"],
    ["audio for one that does not hear", audio, "claude", "BAD_REQUEST messages[1].content"],
    ["audio for one that hears", audio, "gemini", "none"],
    ["a file for one that takes none", file, "grok", "BAD_REQUEST messages[1].content"],
    [
      "tools for DeepSeek's R1",
      { tools: [tool("f")] },
      "openrouter/deepseek/deepseek-r1:free",
      "tool_unsupported_for_model tools",
    ],
    [
      "tools for a later R1, of which we do not know",
      { tools: [tool("f")] },
      "openrouter/deepseek/deepseek-r1-0528",
      "none",
    ],
    ["R1 without tools", {}, "openrouter/deepseek/deepseek-r1", "none"],
    ["anything for a model that we do not know", audio, "openai/gpt-tomorrow", "none"],
  ])("%s", async (_name, request, model, expected) => {
    expect(await fault(request, model)).toBe(expected);
  });
});

describe("supportedCandidates", () => {
  it("passes over the models that cannot take the request, and refuses when none can", () => {
    const choice = (name: string) => ({ model: resolveModel(name) });
    const request = chatRequestSchema.parse({ model: "x", ...image });
    const able = supportedCandidates(request, [choice("deepseek"), choice("gpt-5.2"), choice("deepseek")]);
    expect(able.map(({ model }) => model.id)).toEqual(["gpt-5.2"]);
    expect(() => supportedCandidates(request, [choice("deepseek")])).toThrow("does not accept image input");
  });
});
