import { describe, expect, it } from "vitest";
import { completionFrames } from "#core/chat/answer-frames.ts";
import { framesToCompletion, readFrames } from "#core/providers/frames-to-completion.ts";
import { countedVisits } from "#tests/support/counted-visits.ts";
import { fc, runs } from "#tests/support/property.ts";

const facts = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 7, model: "gpt-5.2" };
const frame = (choices: readonly object[], extra: object = {}): string =>
  `data: ${JSON.stringify({ ...facts, ...extra, choices })}\n\n`;
const say = (delta: object, index = 0, extra: object = {}): object => ({ index, delta, finish_reason: null, ...extra });
const end = (reason = "stop", index = 0): object => ({ index, delta: {}, finish_reason: reason });

describe("framesToCompletion", () => {
  it("puts a text together, with the answer's own id, time and model", () => {
    const frames = frame([say({ role: "assistant", content: "" })]) + frame([say({ content: "Grü" })]);
    expect(
      framesToCompletion(frames + frame([say({ content: "ße 🙂" })]) + frame([end()]), { total_tokens: 3 }),
    ).toEqual({
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 7,
      model: "gpt-5.2",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Grüße 🙂", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: { total_tokens: 3 },
    });
  });

  it("gives back any text, however it was cut into frames, also one that looks like frames", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), (words) => {
        const parts = [...words, 'data: {"choices":[]}\n\ndata: [DONE]\n\n'];
        const frames = parts.map((content) => frame([say({ content })])).join("") + frame([end()]);
        expect(framesToCompletion(frames, undefined).choices[0]?.message.content).toBe(parts.join(""));
      }),
      { numRuns: runs(100) },
    );
  });

  it("costs twice the work for twice the words, with their probabilities and calls", () => {
    const wordsOf = (count: number): string =>
      Array.from({ length: count }, (_, word) => {
        const top = [{ token: "a", logprob: -1, bytes: [97] }];
        const logprobs = { content: [{ token: "a", logprob: -1, bytes: [97], top_logprobs: top }], refusal: null };
        const call = { index: word, id: `call_${word}`, type: "function", function: { name: "f", arguments: "{}" } };
        return frame([say({ content: "a", tool_calls: [call] }, 0, { logprobs })]);
      }).join("");
    const visitsOf = (frames: string): number =>
      countedVisits(() => {
        framesToCompletion(frames, undefined);
      });
    const [once, twice] = [visitsOf(wordsOf(200)), visitsOf(wordsOf(400))];
    expect(once).toBeGreaterThan(200);
    expect(twice / once).toBeLessThan(2.1);
  });

  it("merges the calls of one number, also where the first delta has several", () => {
    const call = (index: number, text: string) => ({ index, function: { arguments: text } });
    const deltas = [
      [call(1, "b"), call(0, "a")],
      [call(0, "A"), call(2, "c")],
      [call(2, "C"), call(1, "B")],
    ];
    const frames = deltas.map((calls) => frame([say({ tool_calls: calls })])).join("");
    const [choice] = framesToCompletion(frames, undefined).choices;
    expect(choice?.message.tool_calls?.map((each) => each)).toEqual(
      ["bB", "aA", "cC"].map((text) => ({ function: { arguments: text } })),
    );
  });

  it("leaves the prototype of all objects alone", () => {
    const hostile = (text: string): string =>
      `data: {"id":"1","choices":[{"index":0,"delta":{"__proto__":{"polluted":"${text}"},"constructor":{"polluted":"${text}"}},"finish_reason":null}]}\n\n`;
    const [choice] = framesToCompletion(hostile("a") + hostile("b"), undefined).choices;
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    expect(Object.hasOwn(Object, "polluted")).toBe(false);
    expect(JSON.stringify(choice?.message)).not.toContain("__proto__");
  });

  it("keeps several choices apart, in their order", () => {
    const frames =
      frame([say({ role: "assistant", content: "b" }, 1), say({ role: "assistant", content: "a" }, 0)]) +
      frame([say({ content: "B" }, 1)]) +
      frame([end("stop", 1), end("length", 0)]);
    const { choices } = framesToCompletion(frames, undefined);
    expect(choices.map(({ index, message, finish_reason }) => [index, message.content, finish_reason])).toEqual([
      [0, "a", "length"],
      [1, "bB", "stop"],
    ]);
  });

  it("keeps a refusal, reasoning, and what it does not know", () => {
    const frames = [
      say({ role: "assistant", content: null, reasoning_content: "Hm" }),
      say({ reasoning_content: "." }),
      say({ refusal: "I " }),
      say({ refusal: "will not." }),
      say({ reasoning_details: [{ type: "reasoning.text", index: 0, text: "a", signature: null }] }),
      say({ reasoning_details: [{ type: "reasoning.text", index: 0, text: "b", signature: "sig" }] }),
      say({ annotations: [{ type: "url_citation", url: "u1" }] }),
      say({ annotations: [{ type: "url_citation", url: "u2" }] }),
      say({ audio: { id: "audio_1", data: "AA" } }),
      say({ audio: { id: "audio_1", data: "BB", expires_at: 9 } }),
    ].map((choice) => frame([choice]));
    expect(framesToCompletion(frames.join("") + frame([end()]), undefined).choices[0]?.message).toEqual({
      role: "assistant",
      content: null,
      refusal: "I will not.",
      reasoning_content: "Hm.",
      reasoning_details: [{ type: "reasoning.text", index: 0, text: "ab", signature: "sig" }],
      annotations: [
        { type: "url_citation", url: "u1" },
        { type: "url_citation", url: "u2" },
      ],
      audio: { id: "audio_1", data: "AABB", expires_at: 9 },
    });
  });

  it("keeps log probabilities in their order", () => {
    const logprobs = (token: string) => ({ logprobs: { content: [{ token, logprob: -1 }], refusal: null } });
    const frames = frame([say({ content: "a" }, 0, logprobs("a"))]) + frame([say({ content: "b" }, 0, logprobs("b"))]);
    const { choices } = framesToCompletion(frames + frame([end()]), undefined);
    expect(choices[0]?.logprobs?.content?.map(({ token }) => token)).toEqual(["a", "b"]);
  });

  it("is the way back of completionFrames", () => {
    const completion = {
      ...facts,
      object: "chat.completion" as const,
      choices: [
        {
          index: 0,
          message: { role: "assistant" as const, content: "Hello", refusal: null, reasoning_content: "Hm." },
          logprobs: null,
          finish_reason: "stop" as const,
        },
      ],
    };
    expect(framesToCompletion(completionFrames(completion, facts), undefined)).toEqual(completion);
  });

  it("leaves usage out where none is told", () => {
    expect(framesToCompletion(frame([end()]), undefined)).not.toHaveProperty("usage");
  });
});

describe("readFrames", () => {
  it("reads data frames only", () => {
    expect(readFrames(`: keep-alive\n\n${frame([end()])}data: [DONE]\n\n`)).toHaveLength(1);
    expect(readFrames("")).toEqual([]);
  });
});
