import { describe, expect, test } from "vitest";
import { MinimaxAnswer } from "#core/providers/compatible/minimax-answer.ts";
import { ThinkSplitter } from "#core/providers/compatible/think-splitter.ts";
import type { Chunk, Completion } from "#core/providers/openai/dialect.ts";

const chunk = (delta: unknown, finish: string | null = null, more: object = {}): Chunk =>
  ({ id: "c", choices: [{ index: 0, delta, finish_reason: finish }], ...more }) as unknown as Chunk;
const first = (result: Chunk | Completion) => result.choices?.[0] as unknown as Record<string, Record<string, unknown>>;

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
