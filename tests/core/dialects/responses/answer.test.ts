import type { ChatCompletionMessage } from "openai/resources/chat/completions";
import { describe, expect, it } from "vitest";
import { fromEncryptedContent } from "#core/dialects/responses/carried.ts";
import { responsesDialect } from "#core/dialects/responses/dialect.ts";
import { GatewayError } from "#core/errors.ts";
import { parseWith } from "#core/http/parse-with.ts";
import type { ChatCompletion } from "#core/providers/provider.ts";
import { responsesRequestSchema } from "#core/schemas/responses.ts";
import { hasOpenAiSchemas, openAiFault } from "#tests/support/openai-schemas.ts";
import { facts } from "./support.ts";

const answer = (message: object, body: object = {}, finishReason = "stop") => {
  const completion: ChatCompletion = {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "served-model",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: null, refusal: null, ...message } as ChatCompletionMessage,
        logprobs: null,
        finish_reason: finishReason as "stop",
      },
    ],
    usage: {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
    },
  };
  return responsesDialect.answer(completion, facts(body)) as Record<string, unknown> & {
    readonly output: readonly Record<string, unknown>[];
  };
};

const call = (id: string, name: string, text: string) => ({
  id,
  type: "function",
  function: { name, arguments: text },
});

describe("a whole answer", () => {
  it("has its message, its usage and what was asked", () => {
    const body = { instructions: "Be brief", store: true, metadata: { a: "b" }, temperature: 0.2 };
    expect(answer({ content: "Hello" }, body)).toMatchObject({
      id: expect.stringMatching(/^resp_/),
      object: "response",
      created_at: 1_795_000_000,
      status: "completed",
      model: "served-model",
      error: null,
      incomplete_details: null,
      instructions: "Be brief",
      metadata: { a: "b" },
      temperature: 0.2,
      store: false,
      previous_response_id: null,
      output: [
        { type: "message", status: "completed", role: "assistant", content: [{ type: "output_text", text: "Hello" }] },
      ],
      usage: {
        input_tokens: 10,
        input_tokens_details: { cached_tokens: 4 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 15,
      },
    });
  });

  it.runIf(hasOpenAiSchemas)("is valid by OpenAI's own schema", () => {
    const tools = [{ type: "function", name: "run", parameters: { type: "object", properties: {} } }];
    const said = { content: "Hello", reasoning_content: "Hm", tool_calls: [call("1", "run", "{}")] };
    expect(openAiFault("Response", answer(said, { tools }))).toBeUndefined();
    expect(openAiFault("Response", answer({ refusal: "No" }))).toBeUndefined();
    expect(openAiFault("Response", answer({ content: "Hel" }, {}, "length"))).toBeUndefined();
  });

  it.each([
    ["length", "max_output_tokens"],
    ["content_filter", "content_filter"],
  ])("that ended by %s is incomplete", (finishReason, reason) => {
    expect(answer({ content: "Hel" }, {}, finishReason)).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason },
      output: [{ status: "incomplete" }],
    });
  });

  it("that refuses has a refusal", () => {
    expect(answer({ refusal: "No" }).output[0]).toMatchObject({ content: [{ type: "refusal", refusal: "No" }] });
  });

  it("has calls under the names that the caller knows", () => {
    const tools = [
      { type: "namespace", name: "ns", tools: [{ type: "function", name: "run" }] },
      { type: "custom", name: "apply_patch" },
      { type: "function", name: "a.b" },
    ];
    const flat =
      responsesDialect
        .toChat(parseWith(responsesRequestSchema, { model: "m", input: "x", tools }), {})
        .request.tools?.map((tool) => (tool.type === "function" ? tool.function.name : "")) ?? [];
    const calls = [
      call("1", flat[0] ?? "", '{"a":1}'),
      call("2", flat[1] ?? "", '{"input":"*** Begin"}'),
      call("3", flat[2] ?? "", "{}"),
    ];
    expect(answer({ tool_calls: calls }, { tools }, "tool_calls").output).toEqual([
      expect.objectContaining({
        type: "function_call",
        call_id: "1",
        namespace: "ns",
        name: "run",
        arguments: '{"a":1}',
      }),
      expect.objectContaining({ type: "custom_tool_call", call_id: "2", name: "apply_patch", input: "*** Begin" }),
      expect.objectContaining({ type: "function_call", call_id: "3", name: "a.b" }),
    ]);
  });

  it("carries what its provider wants to see again", () => {
    const blocks = [{ type: "thinking", thinking: "Hm", signature: "sig" }];
    const signed = { ...call("1", "run", "{}"), extra_content: { google: { thought_signature: "s" } } };
    const [reasoning] = answer({ reasoning_content: "Hm", thinking_blocks: blocks, tool_calls: [signed] }).output;
    expect(reasoning).toMatchObject({ type: "reasoning", summary: [{ type: "summary_text", text: "Hm" }] });
    expect(fromEncryptedContent(String(reasoning?.encrypted_content))).toMatchObject({
      thinking_blocks: blocks,
      calls: { "1": signed.extra_content },
    });
  });

  it("has an id for its message that can be given back alone, unless nothing is to be stored", () => {
    const idOf = (body: object): string => String(answer({ content: "Grüße" }, body).output[0]?.id);
    const input = [
      { type: "item_reference", id: idOf({}) },
      { role: "user", content: "x" },
    ];
    const { request } = responsesDialect.toChat(parseWith(responsesRequestSchema, { model: "m", input }), {});
    expect(request.messages[0]).toEqual({ role: "assistant", content: "Grüße" });
    expect(idOf({ store: false }).length).toBeLessThan(64);
  });
});

describe("an error", () => {
  it.each([
    ["messages[3].content", "input"],
    ["max_completion_tokens", "max_output_tokens"],
    ["response_format.json_schema", "text.format"],
    ["tools[1].function.parameters", "tools[1].parameters"],
    ["model", "model"],
  ])("about %s names %s", (param, named) => {
    const body = responsesDialect.wire.errorBody(new GatewayError("BAD_REQUEST", "No", { param }), "req_1");
    expect(body).toMatchObject({ error: { code: "BAD_REQUEST", message: "No", param: named } });
  });
});
