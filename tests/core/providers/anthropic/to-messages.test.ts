import { describe, expect, it } from "vitest";
import { GatewayError } from "#core/errors.ts";
import { toMessages } from "#core/providers/anthropic/to-messages.ts";
import { chatRequest } from "./support.ts";

const convert = (messages: unknown[]) => toMessages(chatRequest({ messages }).messages, new Set());

const failureOf = (messages: unknown[]): { code: string; param: string | null } => {
  try {
    convert(messages);
  } catch (error) {
    if (error instanceof GatewayError) return { code: error.code, param: error.param };
    throw error;
  }
  throw new Error("It was accepted");
};

const call = (id: string, args = "{}", name = "f") => ({ id, type: "function", function: { name, arguments: args } });
const ask = { role: "user", content: "Go" };
const ephemeral = { type: "ephemeral" };

describe("roles and turns", () => {
  it("hoists every system and developer message in order, without loss", () => {
    const { system, messages } = convert([
      { role: "system", content: "One." },
      { role: "developer", content: [{ type: "text", text: "Two." }] },
      ask,
      { role: "assistant", content: "Ok" },
      { role: "system", content: "Three." },
      ask,
    ]);
    expect(system.map((block) => block.text)).toEqual(["One.", "Two.", "Three."]);
    expect(messages.map((message) => message.role)).toEqual(["user", "assistant", "user"]);
  });

  it("merges neighbours of one role", () => {
    expect(convert([ask, { role: "user", content: "on" }]).messages).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "Go" },
          { type: "text", text: "on" },
        ],
      },
    ]);
  });

  it.each([
    ["only a system message", [{ role: "system", content: "x" }]],
    ["an assistant's greeting first", [{ role: "assistant", content: "Hello" }, ask]],
  ])("starts with a user turn given %s", (_name, messages) => {
    expect(convert(messages).messages[0]?.role).toBe("user");
  });

  it("never sends text without a visible character", () => {
    const { messages, system } = convert([
      { role: "system", content: "" },
      {
        role: "user",
        content: [
          { type: "text", text: " \n" },
          { type: "text", text: "Go" },
        ],
      },
      { role: "assistant", content: "" },
      { role: "user", content: "" },
    ]);
    expect(system).toEqual([]);
    expect(messages).toEqual([{ role: "user", content: [{ type: "text", text: "Go" }] }]);
  });

  it("trims the end of a prefilled answer, which Anthropic refuses otherwise", () => {
    expect(convert([ask, { role: "assistant", content: "The answer is \n" }]).messages.at(-1)).toEqual({
      role: "assistant",
      content: [{ type: "text", text: "The answer is" }],
    });
  });
});

describe("cache_control", () => {
  it("survives on system, message parts, whole messages, tool calls and tool results", () => {
    const { system, messages } = convert([
      { role: "system", content: [{ type: "text", text: "S", cache_control: { type: "ephemeral", ttl: "1h" } }] },
      { role: "user", content: "U", cache_control: ephemeral },
      { role: "assistant", content: null, tool_calls: [{ ...call("call_a"), cache_control: ephemeral }] },
      { role: "tool", tool_call_id: "call_a", content: "R", cache_control: ephemeral },
      { role: "user", content: [{ type: "text", text: "P", cache_control: ephemeral }] },
    ]);
    expect(system).toEqual([{ type: "text", text: "S", cache_control: { type: "ephemeral", ttl: "1h" } }]);
    expect(messages.flatMap(({ content }) => (typeof content === "string" ? [] : content))).toEqual([
      { type: "text", text: "U", cache_control: ephemeral },
      { type: "tool_use", id: "call_a", name: "f", input: {}, cache_control: ephemeral },
      { type: "tool_result", tool_use_id: "call_a", content: "R", cache_control: ephemeral },
      { type: "text", text: "P", cache_control: ephemeral },
    ]);
  });
});

describe("user content", () => {
  const content = (part: unknown) => convert([{ role: "user", content: [part] }]).messages[0]?.content;

  it("turns image URLs and data: URLs into image blocks, base64 untouched", () => {
    const base64 = "/9j/+/A==";
    expect(content({ type: "image_url", image_url: { url: "https://x.test/a.png", detail: "low" } })).toEqual([
      { type: "image", source: { type: "url", url: "https://x.test/a.png" } },
    ]);
    expect(content({ type: "image_url", image_url: { url: `data:image/jpg;base64,${base64}` } })).toEqual([
      { type: "image", source: { type: "base64", media_type: "image/jpeg", data: base64 } },
    ]);
  });

  it("turns PDFs and plain text into documents", () => {
    const pdf = { file_data: "data:application/pdf;base64,JVBERi0xLjQ=", filename: "a.pdf" };
    expect(content({ type: "file", file: pdf })).toEqual([
      {
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: "JVBERi0xLjQ=" },
        title: "a.pdf",
      },
    ]);
    const text = `data:text/plain;base64,${Buffer.from("Grüße").toString("base64")}`;
    expect(content({ type: "file", file: { file_data: text } })).toEqual([
      { type: "document", source: { type: "text", media_type: "text/plain", data: "Grüße" } },
    ]);
  });

  it.each([
    ["audio", { type: "input_audio", input_audio: { data: "", format: "wav" } }, ""],
    [
      "an image type that Claude does not read",
      { type: "image_url", image_url: { url: "data:image/bmp;base64,AA" } },
      ".image_url.url",
    ],
    ["an image at another scheme", { type: "image_url", image_url: { url: "file:///etc/passwd" } }, ".image_url.url"],
    [
      "a data: URL that is not base64",
      { type: "image_url", image_url: { url: "data:image/png,AA" } },
      ".image_url.url",
    ],
    ["a file by id", { type: "file", file: { file_id: "file-1" } }, ".file"],
    [
      "a file of another type",
      { type: "file", file: { file_data: "data:application/zip;base64,AA" } },
      ".file.file_data",
    ],
  ])("refuses %s with the path of the part", (_name, part, suffix) => {
    expect(failureOf([ask, { role: "user", content: [{ type: "text", text: "x" }, part] }])).toEqual({
      code: "BAD_REQUEST",
      param: `messages[1].content[1]${suffix}`,
    });
  });
});

describe("tool calls and results", () => {
  it("puts all results of parallel calls into the one user turn right after them, before what the user says", () => {
    const { messages } = convert([
      ask,
      { role: "assistant", content: "Sure", tool_calls: [call("call_toolu_1", '{"a":1}'), call("call_toolu_2", "")] },
      { role: "tool", tool_call_id: "call_toolu_2", content: [{ type: "text", text: "two" }] },
      { role: "tool", tool_call_id: "call_toolu_1", content: "" },
      ask,
    ]);
    expect(messages.slice(1)).toEqual([
      {
        role: "assistant",
        content: [
          { type: "text", text: "Sure" },
          { type: "tool_use", id: "toolu_1", name: "f", input: { a: 1 } },
          { type: "tool_use", id: "toolu_2", name: "f", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "toolu_2", content: [{ type: "text", text: "two" }] },
          { type: "tool_result", tool_use_id: "toolu_1" },
          { type: "text", text: "Go" },
        ],
      },
    ]);
  });

  it("gives Anthropic valid, distinct and paired ids for another provider's calls", () => {
    const turn = (ids: string[]) => [
      { role: "assistant", content: null, tool_calls: ids.map((id) => call(id)) },
      ...ids.map((id) => ({ role: "tool", tool_call_id: id, content: id })),
    ];
    const { messages } = convert([
      ask,
      ...turn(["call_abc", "a.b", "a:b", "a b/ü"]),
      ...turn(["call_0"]),
      ...turn(["call_0"]),
    ]);
    const blocks = messages.flatMap((message) => (typeof message.content === "string" ? [] : message.content));
    const used = blocks.flatMap((block) => (block.type === "tool_use" ? [block.id] : []));
    const answered = blocks.flatMap((block) => (block.type === "tool_result" ? [block.tool_use_id] : []));
    expect(answered).toEqual(used);
    expect(new Set(used).size).toBe(6);
    for (const id of used) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/);
    expect(used[0]).toBe("call_abc");
  });

  it.each([
    [
      "a result without any call",
      [ask, { role: "tool", tool_call_id: "call_x", content: "" }],
      "messages[1].tool_call_id",
    ],
    [
      "a result of an earlier turn's call",
      [
        ask,
        { role: "assistant", tool_calls: [call("call_a")] },
        { role: "tool", tool_call_id: "call_a", content: "1" },
        { role: "assistant", content: "Done" },
        { role: "tool", tool_call_id: "call_a", content: "2" },
      ],
      "messages[4].tool_call_id",
    ],
    [
      "two results of one call",
      [
        ask,
        { role: "assistant", tool_calls: [call("call_a")] },
        { role: "tool", tool_call_id: "call_a", content: "1" },
        { role: "tool", tool_call_id: "call_a", content: "2" },
      ],
      "messages[3].tool_call_id",
    ],
    [
      "a call without a result",
      [ask, { role: "assistant", tool_calls: [call("call_a")] }, ask],
      "messages[1].tool_calls[0].id",
    ],
    [
      "a call at the very end",
      [
        ask,
        { role: "assistant", tool_calls: [call("call_a"), call("call_b")] },
        { role: "tool", tool_call_id: "call_a", content: "" },
      ],
      "messages[1].tool_calls[1].id",
    ],
    [
      "two calls of one id",
      [ask, { role: "assistant", tool_calls: [call("a"), call("a")] }],
      "messages[1].tool_calls[1].id",
    ],
  ])("refuses %s", (_name, messages, param) => {
    expect(failureOf(messages)).toEqual({ code: "tool_call_id_mismatch", param });
  });

  it.each(['{"a":"x', "[1]", '"x"', "5", "true", "12345678901234567890", '{"a":1} trailing', '"{\\"a\\":1}"'])(
    "keeps arguments that are no JSON object in one, with a warning: %s",
    (text) => {
      const warnings = new Set<string>();
      const history = [
        ask,
        { role: "assistant", tool_calls: [call("a", text)] },
        { role: "tool", tool_call_id: "a", content: "" },
      ];
      const { messages } = toMessages(chatRequest({ messages: history }).messages, warnings);
      expect(messages[1]?.content).toMatchObject([{ type: "tool_use", input: { invalid_arguments: text } }]);
      expect([...warnings]).toEqual(["messages.tool_calls.arguments"]);
    },
  );

  it.each(["", " ", "null", "{}"])("takes %j for a call without arguments", (text) => {
    const history = [
      ask,
      { role: "assistant", tool_calls: [call("a", text)] },
      { role: "tool", tool_call_id: "a", content: "" },
    ];
    expect(convert(history).messages[1]?.content).toMatchObject([{ type: "tool_use", input: {} }]);
  });

  it("does not round a long number in the arguments", () => {
    const { messages } = convert([
      ask,
      { role: "assistant", tool_calls: [call("a", '{"id":12345678901234567890,"n":1.5,"s":"12345678901234567890"}')] },
      { role: "tool", tool_call_id: "a", content: "x" },
    ]);
    expect(JSON.stringify(messages[1])).toContain('{"id":12345678901234567890,"n":1.5,"s":"12345678901234567890"}');
  });

  it("passes is_error on", () => {
    const { messages } = convert([
      ask,
      { role: "assistant", tool_calls: [call("a")] },
      { role: "tool", tool_call_id: "a", content: "boom", is_error: true },
    ]);
    expect(messages[2]?.content).toEqual([{ type: "tool_result", tool_use_id: "a", content: "boom", is_error: true }]);
  });
});

describe("what the assistant said", () => {
  it("replays thinking, redacted and empty signed blocks unchanged and in their place", () => {
    const { messages } = convert([
      ask,
      {
        role: "assistant",
        content: "Text",
        reasoning_content: "shown to people, never sent back",
        thinking_blocks: [
          { type: "thinking", thinking: "", signature: "s1" },
          { type: "redacted_thinking", data: "d" },
          { type: "thinking", thinking: "later", signature: "s2", tool_calls_before: 1 },
          { type: "thinking", thinking: "not signed" },
        ],
        tool_calls: [call("a"), call("b")],
      },
      { role: "tool", tool_call_id: "a", content: "1" },
      { role: "tool", tool_call_id: "b", content: "2" },
    ]);
    expect(messages[1]?.content).toEqual([
      { type: "thinking", thinking: "", signature: "s1" },
      { type: "redacted_thinking", data: "d" },
      { type: "text", text: "Text" },
      { type: "tool_use", id: "a", name: "f", input: {} },
      { type: "thinking", thinking: "later", signature: "s2" },
      { type: "tool_use", id: "b", name: "f", input: {} },
    ]);
  });

  it.each([
    ["a refusal field", { role: "assistant", content: null, refusal: "No." }],
    ["a refusal part", { role: "assistant", content: [{ type: "refusal", refusal: "No." }] }],
  ])("says %s as text", (_name, message) => {
    expect(convert([ask, message, ask]).messages[1]?.content).toEqual([{ type: "text", text: "No." }]);
  });
});
