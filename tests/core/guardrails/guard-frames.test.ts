import { describe, expect, it } from "vitest";
import { guardFrames } from "#core/guardrails/guard-frames.ts";
import { OutputGuard } from "#core/guardrails/output-guard.ts";
import { chunk, finish, say } from "./chunks.ts";
import { noJudge } from "./moderation-stub.ts";

const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const done = "data: [DONE]\n\n";
const usage = { ...say(""), choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } };

const guardOf = (action: "block" | "redact", choices = 1): OutputGuard =>
  new OutputGuard({ settings: { pii: action }, moderate: noJudge, signal: new AbortController().signal, choices });

const source = (parts: readonly (string | Buffer | Error)[]) => {
  const state = { closed: false, read: 0 };
  async function* frames(): AsyncGenerator<string | Buffer> {
    try {
      for (const part of parts) {
        state.read += 1;
        if (part instanceof Error) throw part;
        yield part;
      }
    } finally {
      state.closed = true;
    }
  }
  return { frames: frames(), state };
};

const collect = async (frames: AsyncIterable<string>): Promise<string> => {
  let text = "";
  for await (const part of frames) text += part;
  return text;
};

const onBlocked = (): string => "data: closing\n\n";

describe("frames under a guardrail", () => {
  it("flush what is held back before usage and the end mark", async () => {
    const { frames } = source([frame(say("Hel")), frame(say("lo")) + frame(usage), Buffer.from(done)]);
    const text = await collect(guardFrames(frames, { guard: guardOf("redact"), onBlocked }));
    expect(text.indexOf('"Hello"')).toBeGreaterThan(0);
    expect(text.indexOf('"usage"')).toBeGreaterThan(text.indexOf('"Hello"'));
    expect(text.endsWith(done)).toBe(true);
  });

  it("pass errors and comments on", async () => {
    const failure = frame({ error: { code: "PROVIDER_ERROR" } });
    const { frames } = source([": keep-alive\n\n", failure]);
    expect(await collect(guardFrames(frames, { guard: guardOf("redact"), onBlocked }))).toBe(
      `: keep-alive\n\n${failure}`,
    );
  });

  it("stop reading the provider once everything is blocked, and close the answer once", async () => {
    const { frames, state } = source([
      frame(say("to ")),
      frame(say("bob@example.com ")),
      frame(say("never read")),
      frame(finish()),
      done,
    ]);
    const text = await collect(guardFrames(frames, { guard: guardOf("block"), onBlocked }));
    expect(text).toContain('"finish_reason":"content_filter"');
    expect(text.endsWith(onBlocked())).toBe(true);
    expect(text).not.toMatch(/bob|never/);
    expect(state).toEqual({ closed: true, read: 2 });
  });

  it("go on to usage and the end mark when the provider had finished too", async () => {
    const { frames } = source([frame(say("bob@example.com")) + frame(finish()), frame(usage), done]);
    const text = await collect(guardFrames(frames, { guard: guardOf("block"), onBlocked }));
    expect(text).toContain('"finish_reason":"content_filter"');
    expect(text).not.toContain("closing");
    expect(text.endsWith(frame(usage) + done)).toBe(true);
  });

  it("wait for the other choices when one is blocked", async () => {
    const { frames, state } = source([
      frame(say("bob@example.com ", 0)),
      frame(say("fine ", 1)),
      frame(finish("stop", 1)),
      frame(say("never read", 0)),
    ]);
    const text = await collect(guardFrames(frames, { guard: guardOf("block", 2), onBlocked }));
    expect(text).toContain("fine");
    expect(text.endsWith(onBlocked())).toBe(true);
    expect(state).toEqual({ closed: true, read: 3 });
  });

  it("keep what is held back when the provider fails, since half a value may be in it", async () => {
    const { frames } = source([frame(say("It is 4111 1111 1111")), new Error("cut")]);
    const guarded = guardFrames(frames, { guard: guardOf("redact"), onBlocked });
    const read: string[] = [];
    await expect(
      (async () => {
        for await (const part of guarded) read.push(part);
      })(),
    ).rejects.toThrow("cut");
    expect(read.join("")).not.toContain("4111");
  });

  it("do not let a frame pass that cannot be read", async () => {
    const { frames } = source(["data: {broken\n\n"]);
    await expect(collect(guardFrames(frames, { guard: guardOf("redact"), onBlocked }))).rejects.toMatchObject({
      code: "PROVIDER_ERROR",
    });
  });

  it("close the provider when the client leaves", async () => {
    const { frames, state } = source([frame(say("one ")), frame(say("two "))]);
    for await (const _ of guardFrames(frames, { guard: guardOf("redact"), onBlocked })) break;
    expect(state.closed).toBe(true);
  });

  it("have the role first and an empty delta with the finish reason last", async () => {
    const { frames } = source([
      frame(chunk({ role: "assistant", content: "" })),
      frame(say("Hi")),
      frame(finish()),
      done,
    ]);
    const text = await collect(guardFrames(frames, { guard: guardOf("redact"), onBlocked }));
    const deltas = text
      .split("\n\n")
      .filter((each) => each.startsWith("data: {"))
      .map((each) => JSON.parse(each.slice(6)).choices[0]);
    expect(deltas[0].delta).toEqual({ role: "assistant", content: "" });
    expect(deltas.at(-1)).toMatchObject({ delta: {}, finish_reason: "stop" });
  });
});
