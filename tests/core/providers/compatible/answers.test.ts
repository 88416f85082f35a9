import { describe, expect, test } from "vitest";
import { GoogleAnswer } from "#core/providers/compatible/google-answer.ts";
import { MinimaxAnswer } from "#core/providers/compatible/minimax-answer.ts";
import { ThinkSplitter } from "#core/providers/compatible/think-splitter.ts";
import type { Chunk, Completion } from "#core/providers/openai/dialect.ts";

const chunk = (delta: unknown, finish: string | null = null, more: object = {}): Chunk =>
  ({ id: "c", choices: [{ index: 0, delta, finish_reason: finish }], ...more }) as unknown as Chunk;
const first = (result: Chunk | Completion) => result.choices?.[0] as unknown as Record<string, Record<string, unknown>>;

describe("Gemini's chunks", () => {
  const call = (name: string, id?: string) => ({
    ...(id === undefined ? {} : { id }),
    type: "function",
    function: { name, arguments: "{}" },
  });

  test("get an index for each call, over several chunks, and ids where Gemini has none", () => {
    const answer = new GoogleAnswer();
    const one = first(answer.chunk(chunk({ tool_calls: [call("a", ""), call("b", "function-call-2")] })));
    const two = first(answer.chunk(chunk({ tool_calls: [call("c")] }, "stop")));
    expect(one.delta?.tool_calls).toMatchObject([
      { index: 0, id: expect.stringMatching(/^call_[0-9a-f-]{36}$/), function: { name: "a", arguments: "{}" } },
      { index: 1, id: "function-call-2" },
    ]);
    expect(two.delta?.tool_calls).toMatchObject([{ index: 2, id: expect.stringMatching(/^call_/) }]);
    expect(two.finish_reason).toBe("tool_calls");
  });

  test("make two calls of one id two calls", () => {
    const answer = new GoogleAnswer();
    const calls = first(
      answer.chunk(
        chunk({
          tool_calls: [
            { ...call("a", "x"), index: 0 },
            { ...call("b", "x"), index: 1 },
          ],
        }),
      ),
    ).delta?.tool_calls as { id: string }[];
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
  });

  test("say stop only without calls, and content_filter without Google's addition", () => {
    expect(first(new GoogleAnswer().chunk(chunk({ content: "x" }, "stop"))).finish_reason).toBe("stop");
    expect(first(new GoogleAnswer().chunk(chunk({}, "content_filter: PROHIBITED_CONTENT"))).finish_reason).toBe(
      "content_filter",
    );
  });

  test("that need nothing come back as they are", () => {
    const plain = chunk({ content: "x" });
    expect(new GoogleAnswer().chunk(plain)).toBe(plain);
  });

  test("a blocked answer without a message is an empty one", () => {
    const blocked = { choices: [{ index: 0, finish_reason: "content_filter" }] } as unknown as Completion;
    expect(first(new GoogleAnswer().completion(blocked)).message).toMatchObject({ role: "assistant", content: "" });
  });
});

describe("MiniMax's answers", () => {
  test("have thoughts in reasoning_content, also where they come in details or in the text", () => {
    const answer = new MinimaxAnswer();
    expect(
      first(answer.chunk(chunk({ reasoning_details: [{ type: "reasoning.text", text: "hm" }] }))).delta,
    ).toMatchObject({ reasoning_content: "hm" });
    const parts = ["<thi", "nk>a ", "thought</", "think>\n\n", "The ", "answer </think>"].map(
      (content) => first(answer.chunk(chunk({ content }))).delta,
    );
    expect(parts.map((delta) => delta?.content).join("")).toBe("The answer </think>");
    expect(parts.map((delta) => delta?.reasoning_content ?? "").join("")).toBe("a thought");
  });

  test("lose MiniMax's own fields, and tell its filter", () => {
    const cut = chunk({}, "stop", { base_resp: { status_code: 0 }, output_sensitive: true, input_sensitive: false });
    const rewritten = new MinimaxAnswer().chunk(cut);
    expect(Object.keys(rewritten)).toEqual(["id", "choices"]);
    expect(first(rewritten).finish_reason).toBe("content_filter");
  });
});

describe("the splitter of thoughts", () => {
  const split = (pieces: readonly string[]) => {
    const splitter = new ThinkSplitter();
    const all = [...pieces.map((piece) => splitter.push(piece)), splitter.end()];
    return { thought: all.map(({ thought }) => thought).join(""), text: all.map(({ text }) => text).join("") };
  };

  test.each(["<think>one\ntwo</think>\n\nanswer", "  <think>one\ntwo</think>answer"])(
    "takes %j apart at every cut",
    (text) => {
      for (let cut = 0; cut <= text.length; cut++) {
        expect(split([text.slice(0, cut), text.slice(cut)])).toEqual({ thought: "one\ntwo", text: "answer" });
      }
      expect(split([...text])).toEqual({ thought: "one\ntwo", text: "answer" });
    },
  );

  test.each(["answer", "a <think>b</think>", "<thinly>", "<th", "", " \n "])("leaves %j alone", (text) => {
    expect(split([...text])).toEqual({ thought: "", text });
  });

  test("an unfinished thought stays a thought", () => {
    expect(split(["<think>cut off</th"])).toEqual({ thought: "cut off</th", text: "" });
  });
});
