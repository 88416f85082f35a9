import { describe, expect, test } from "vitest";
import { toOlderAnswer, toOlderFrames } from "#core/chat/legacy-answer.ts";
import { toToolsRequest } from "#core/chat/legacy-functions.ts";
import { usesFunctions } from "#core/chat/uses-functions.ts";

const user = { role: "user", content: "q" };
const call = { name: "f", arguments: "{}" };
const called = { role: "assistant", content: null, function_call: call };

describe("a request with functions", () => {
  test("is known by its own fields or by its history, and not by nulls that clients send", () => {
    for (const body of [
      { functions: [], messages: [] },
      { function_call: "auto" },
      { messages: [{ role: "function", name: "f", content: "1" }] },
      { messages: [called] },
    ])
      expect(usesFunctions(body)).toBe(true);
    for (const body of [null, [], {}, { functions: null, messages: [{ ...called, function_call: null }, 1] }])
      expect(usesFunctions(body)).toBe(false);
  });

  test("becomes one with tools", () => {
    expect(
      toToolsRequest({
        model: "x",
        messages: [user],
        functions: [{ name: "f", parameters: {} }],
        function_call: { name: "f" },
      }),
    ).toEqual({
      model: "x",
      messages: [user],
      tools: [{ type: "function", function: { name: "f", parameters: {} } }],
      tool_choice: { type: "function", function: { name: "f" } },
    });
    expect(toToolsRequest({ messages: [user], functions: [{ name: "f" }], function_call: "none" })).toMatchObject({
      tool_choice: "none",
    });
  });

  test("has its calls and results paired by ids", () => {
    const history = [
      user,
      called,
      { role: "function", name: "f", content: null },
      { ...called, content: "again" },
      { role: "function", name: "f", content: "2" },
      called,
      user,
    ];
    const { messages } = toToolsRequest({ messages: history });
    const toolCall = (id: string) => ({ tool_calls: [{ id, type: "function", function: call }] });
    expect(messages).toEqual([
      user,
      { role: "assistant", content: null, ...toolCall("call_function_1") },
      { role: "tool", tool_call_id: "call_function_1", content: "" },
      { role: "assistant", content: "again", ...toolCall("call_function_3") },
      { role: "tool", tool_call_id: "call_function_3", content: "2" },
      { role: "assistant", content: null, ...toolCall("call_function_5") },
      { role: "tool", tool_call_id: "call_function_5", content: "(no result)" },
      user,
    ]);
  });

  test("keeps its faults, so that they are told", () => {
    expect(toToolsRequest({ functions: [5], messages: "no" })).toEqual({ tools: [5], messages: "no" });
  });
});

describe("its answer", () => {
  const calls = [
    { id: "a", type: "function", function: call },
    { id: "b", type: "function", function: { name: "g", arguments: "{}" } },
  ];

  test("has the first call as function_call", () => {
    const completion = (message: object, finish_reason: string) => ({
      choices: [{ index: 0, message, finish_reason }],
    });
    expect(toOlderAnswer(completion({ role: "assistant", content: null, tool_calls: calls }, "tool_calls"))).toEqual(
      completion({ role: "assistant", content: null, function_call: call }, "function_call"),
    );
    const plain = completion({ role: "assistant", content: "x" }, "stop");
    expect(toOlderAnswer(plain)).toEqual(plain);
  });

  test("streams it piece by piece, and leaves everything else as it was", () => {
    const chunk = (delta: object, reason: string | null = null) =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
    const untouched = `: heartbeat\n\n${chunk({ role: "assistant", content: "x" })}data: [DONE]\n\n`;
    expect(toOlderFrames(untouched)).toBe(untouched);
    const frames =
      chunk({ tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }] }) +
      chunk({ tool_calls: [{ index: 0, function: { arguments: "{}" } }] }) +
      chunk({ tool_calls: [{ index: 1, id: "b", type: "function", function: { name: "g", arguments: "" } }] }) +
      chunk({}, "tool_calls");
    expect(toOlderFrames(`${frames}data: [DONE]\n\n`)).toBe(
      `${chunk({ function_call: { name: "f", arguments: "" } })}${chunk({ function_call: { arguments: "{}" } })}${chunk({})}${chunk({}, "function_call")}data: [DONE]\n\n`,
    );
  });
});
