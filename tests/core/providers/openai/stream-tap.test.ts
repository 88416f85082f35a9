import { describe, expect, test, vi } from "vitest";
import { StreamTap } from "#core/providers/openai/stream-tap.ts";
import { newOutcome } from "#core/providers/provider.ts";
import { assemble, chunksOf } from "../support.ts";

const frame = (delta: object, finish: string | null = null, more: object = {}): string =>
  `data: ${JSON.stringify({
    id: "c1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...more,
  })}\n\n`;
const role = frame({ role: "assistant", content: "" });
const finish = frame({}, "stop");
const usage = `data: ${JSON.stringify({ id: "c1", model: "m", choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } })}\n\n`;
const done = "data: [DONE]\n\n";

const facts = { completionId: "chatcmpl-1", model: "asked", createdSeconds: 7 };

const newTap = () => {
  const outcome = newOutcome();
  return { outcome, tap: new StreamTap({ provider: "openai", outcome, reasoning: "included", facts, choices: 1 }) };
};
const push = (tap: StreamTap, text: string): string => tap.push(Buffer.from(text)).toString();

describe("frames in the common form", () => {
  test("leave as the very bytes that came, without a copy", () => {
    const { tap } = newTap();
    push(tap, role + frame({ content: "Hello" }));
    const bytes = Buffer.from(frame({ content: " world" }) + frame({ content: "!" }));
    expect(tap.push(bytes)).toBe(bytes);
    const logprobs = `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"x"},"logprobs":{"content":[{"token":"x","logprob":-0.10,"bytes":[120],"top_logprobs":[]}],"refusal":null},"finish_reason":null}],"obfuscation":"abc"}\n\n`;
    expect(push(tap, logprobs)).toBe(logprobs);
  });

  test("usage never leaves and is noted, whatever was asked", () => {
    const { tap, outcome } = newTap();
    const text = push(tap, role + frame({ content: "Hi" }) + finish + usage + done) + tap.end().toString();
    expect(text).not.toContain("usage");
    expect(text).not.toContain("[DONE]");
    expect(outcome.usage).toMatchObject({ inputTokens: 3, outputTokens: 2 });
  });

  test("short comments between them are skipped, alone in a read too", () => {
    const { tap } = newTap();
    expect(push(tap, ":\n\n")).toBe("");
    expect(push(tap, role)).toBe(role);
    expect(push(tap, ": OPENROUTER PROCESSING\n\n")).toBe("");
    expect(push(tap, `:\n\n${frame({ content: "x" })}`)).toBe(frame({ content: "x" }));
  });

  test.each([
    ["one line feed less at the end of the stream", role + frame({ content: "Hi" }) + finish + done.slice(0, -1)],
    ["no line feed at the end of the stream", role + frame({ content: "Hi" }) + finish.slice(0, -2)],
    ["one line feed more at the end of a read", `${role}${frame({ content: "Hi" })}\n`, `${finish}\n`, done],
    ["many line feeds between frames", `${role}\n\n\n`, `\n${frame({ content: "Hi" })}\n\n`, `\n\n${finish}`, "\n"],
  ])("may have %s", (_name, ...reads) => {
    const { tap } = newTap();
    const text = reads.map((read) => push(tap, read)).join("") + tap.end().toString();
    expect(assemble(chunksOf(text))).toMatchObject({ content: "Hi", finish: "stop" });
  });

  test("what follows the end mark is not part of the answer", () => {
    const { tap } = newTap();
    const text = push(tap, role + frame({ content: "Hi" }) + finish + done + frame({ content: "more" }));
    expect(assemble(chunksOf(text)).content).toBe("Hi");
    expect(push(tap, frame({ content: "more" }))).toBe("");
  });

  test("that come in many reads are copied once, however long they are", () => {
    const { tap } = newTap();
    push(tap, role);
    const long = frame({ content: "x".repeat(10_000) });
    const joins = vi.spyOn(Buffer, "concat");
    let text = "";
    for (let at = 0; at < long.length; at += 100) text += push(tap, long.slice(at, at + 100));
    const count = joins.mock.calls.length;
    joins.mockRestore();
    expect(text).toBe(long);
    expect(count).toBeLessThan(5);
  });

  test("are cut at every byte without a change", () => {
    const whole = role + frame({ content: "Grüße 世界" }) + finish + usage + done;
    const bytes = Buffer.from(whole);
    for (let cut = 1; cut < bytes.length; cut++) {
      const { tap } = newTap();
      const text =
        tap.push(bytes.subarray(0, cut)).toString() + tap.push(bytes.subarray(cut)).toString() + tap.end().toString();
      expect(text).toBe(role + frame({ content: "Grüße 世界" }) + finish);
    }
  });

  test("characters are counted without parsing every frame", () => {
    const { tap, outcome } = newTap();
    push(tap, role + frame({ content: "1234567890" }));
    for (let index = 0; index < 50; index++) push(tap, frame({ content: "1234567890" }));
    expect(outcome.outputCharacters).toBe(510);
  });
});

describe("the contract's form", () => {
  describe("with usage on every chunk", () => {
    const tells = (completion: number) => ({
      usage: { completion_tokens: completion, prompt_tokens: 3, total_tokens: completion + 3 },
    });

    test("leave without it, else as the bytes that came, and the last one counts", () => {
      const { tap, outcome } = newTap();
      push(tap, role + frame({ content: "Hello" }, null, tells(1)));
      const words = ["Grüße 世界", 'it says ,"usage":{"a":1}} of itself', "and ends"];
      const text = words.map((content, index) => frame({ content }, null, tells(index + 2))).join("");
      expect(push(tap, text)).toBe(words.map((content) => frame({ content })).join(""));
      expect(outcome.usage).toMatchObject({ inputTokens: 3, outputTokens: 4 });
    });

    test.each([
      [
        "with details",
        frame({ content: "x" }, null, { usage: { ...tells(6).usage, prompt_tokens_details: { cached_tokens: 2 } } }),
      ],
      [
        "behind one that was read whole",
        frame({ content: "x" }, null, { ...tells(5), extra: 1 }) + frame({ content: "y" }, null, tells(6)),
      ],
      [
        "before one that was read whole",
        frame({ content: "x" }, null, tells(5)) + frame({ content: "y" }, null, { ...tells(6), extra: 1 }),
      ],
      [
        "before one without counts",
        frame({ content: "x" }, null, tells(6)) + frame({ content: "y" }, null, { usage: {} }),
      ],
      ["before a fault", `${frame({ content: "x" }, null, tells(6))}data: {"error":{"message":"down"}}\n\n`],
    ])("count by the last one of a read: %s", (_, text) => {
      const { tap, outcome } = newTap();
      push(tap, role + frame({ content: "Hello" }, null, tells(1)));
      expect(push(tap, text)).not.toContain("usage");
      expect(outcome.usage).toMatchObject({ inputTokens: 3, outputTokens: 6 });
    });

    test("that cannot be read end the stream, after what came before", () => {
      const { tap } = newTap();
      push(tap, role + frame({ content: "Hello" }, null, tells(1)) + frame({ content: "Hello" }, null, tells(1)));
      const broken = frame({ content: "y" }, null, { usage: { a: 1 } }).replace('{"a":1}', '{"a":1,}');
      expect(push(tap, frame({ content: "x" }, null, tells(2)) + broken)).toContain('"x"');
      expect(() => tap.throwFault()).toThrow("a frame is not JSON");
    });

    test("in another place than the end lose it too", () => {
      const { tap, outcome } = newTap();
      push(tap, role + frame({ content: "Hello" }));
      const other = frame({ content: "x" }, null, { ...tells(5), extra: { a: [1] } });
      expect(push(tap, other)).toBe(frame({ content: "x" }, null, { extra: { a: [1] } }));
      const nested = frame({ content: "y" }, null, { x_groq: { id: "1", ...tells(7) } });
      expect(push(tap, nested)).toBe(nested);
      expect(outcome.usage).toMatchObject({ outputTokens: 5 });
    });

    test("that say nothing beside it behind the finish reason do not leave", () => {
      const { tap, outcome } = newTap();
      push(tap, role + frame({ content: "Hello" }) + finish);
      expect(push(tap, frame({ role: "assistant", content: "" }, null, tells(9)))).toBe("");
      expect(outcome.usage).toMatchObject({ outputTokens: 9 });
    });

    test("and without any choice do not leave", () => {
      const { tap, outcome } = newTap();
      push(tap, role + frame({ content: "Hello" }));
      expect(push(tap, usage)).toBe("");
      expect(outcome.usage).toMatchObject({ outputTokens: 2 });
    });
  });

  test("words that come with the finish reason become a frame of their own", () => {
    const { tap } = newTap();
    const chunks = chunksOf(push(tap, role + frame({ role: "assistant", content: "last" }, "stop")) + tap.end());
    expect(chunks.map(({ choices }) => [choices[0]?.delta.content, choices[0]?.finish_reason])).toEqual([
      ["", null],
      ["last", null],
      [undefined, "stop"],
    ]);
    expect(chunks.at(-1)?.choices[0]?.delta).toEqual({});
  });

  test("an empty delta with a role at the end loses the role", () => {
    const { tap } = newTap();
    const text =
      push(tap, role + frame({ content: "x" }) + frame({ role: "assistant", content: "" }, "stop")) + tap.end();
    expect(assemble(chunksOf(text))).toMatchObject({ content: "x", finish: "stop" });
  });

  test("the first delta gets its role where the provider left it out", () => {
    const { tap } = newTap();
    expect(assemble(chunksOf(push(tap, frame({ content: "x" }) + finish)))).toMatchObject({ content: "x" });
    const alone = newTap();
    const text = push(alone.tap, frame({}, "stop")) + alone.tap.end();
    expect(assemble(chunksOf(text))).toMatchObject({ content: "", finish: "stop" });
  });
});

describe("a fault", () => {
  const fault = `data: ${JSON.stringify({ error: { message: "Overloaded", type: "server_error", code: null } })}\n\n`;

  test("behind the first words of the same read is told at once: nothing was passed on, another target may answer", () => {
    const { tap } = newTap();
    expect(() => push(tap, role + frame({ content: "a" }) + fault)).toThrow(/error inside its answer/);
  });

  test("behind the end of an answer does not take back what came in the same read", () => {
    const { tap } = newTap();
    const text = push(tap, `${role + frame({ content: "a" }) + finish}data: null\n\n`) + tap.finish();
    expect(assemble(chunksOf(text))).toMatchObject({ content: "a", finish: "stop" });
    expect(() => tap.throwFault()).toThrow("a frame is not an object");
  });

  test("later waits until the words before it were passed on", () => {
    const { tap } = newTap();
    push(tap, role + frame({ content: "a" }));
    expect(chunksOf(push(tap, frame({ content: "b" }) + fault))).toHaveLength(1);
    expect(() => tap.throwFault()).toThrow(/error inside its answer/);
    expect(() => push(tap, frame({ content: "c" }))).toThrow(/error inside its answer/);
    expect(() => tap.end()).toThrow(/error inside its answer/);
  });

  test.each([
    ["an end without a finish reason", role + frame({ content: "a" }), /without a finish reason/],
    ["broken JSON", role + frame({ content: "a" }).slice(0, -10), /not JSON/],
    ["a finish reason error", role + frame({ content: "a" }, "error"), /ended in an error/],
    ["a frame that is no object", "data: 5\n\n", /not an object/],
  ])("%s is no answer", (_name, text, message) => {
    const { tap } = newTap();
    expect(() => {
      push(tap, text);
      tap.end();
    }).toThrow(message);
  });

  test("a frame without an end is not kept for ever", () => {
    const { tap } = newTap();
    const half = Buffer.alloc(5 * 1024 * 1024, "x");
    tap.push(half);
    expect(() => tap.push(half)).toThrow(/longer than/);
    const lines = newTap().tap;
    lines.push(Buffer.from(": comment\r\n\r\n"));
    lines.push(half);
    expect(() => lines.push(half)).toThrow(/longer than/);
  });
});
