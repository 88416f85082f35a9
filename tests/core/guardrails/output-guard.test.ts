import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { describe, expect, it } from "vitest";
import { OutputGuard, type OutputGuardOptions } from "#core/guardrails/output-guard.ts";
import { Placeholders } from "#core/guardrails/placeholders.ts";
import { fc, runs } from "#tests/support/property.ts";
import { assemble, chunk, cut, finish, say } from "./chunks.ts";
import { absentJudge, judge, noJudge } from "./moderation-stub.ts";

const guardOf = (options: Partial<OutputGuardOptions>): OutputGuard =>
  new OutputGuard({ settings: {}, moderate: noJudge, signal: new AbortController().signal, ...options });

const run = async (guard: OutputGuard, chunks: readonly ChatCompletionChunk[]): Promise<ChatCompletionChunk[]> => {
  const left: ChatCompletionChunk[] = [];
  for (const each of chunks) left.push(...(await guard.push(each)));
  return [...left, ...(await guard.end())];
};

const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });
const email = { guardrail: "pii", type: "email", count: 1 };

describe("a stream under the pii guardrail", () => {
  it("redacts content, refusals, thoughts and arguments, however they are cut", async () => {
    const text = "Write to bob@example.com or call +1 (415) 555-2671.";
    const args = JSON.stringify({ to: "bob@example.com", body: "line\nnext" });
    await fc.assert(
      fc.asyncProperty(lengths, async (sizes) => {
        const guard = guardOf({ settings: { pii: "redact" } });
        const left = await run(guard, [
          chunk({ role: "assistant", content: "" }),
          ...cut(text, sizes).map((piece) => chunk({ reasoning_content: piece })),
          ...cut(text, sizes).map((piece) => say(piece)),
          ...cut(text, sizes).map((piece) => chunk({ refusal: piece })),
          chunk({
            tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "send", arguments: "" } }],
          }),
          ...cut(args, sizes).map((piece) => chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
          finish("tool_calls"),
        ]);
        const redacted = "Write to [EMAIL_1] or call [PHONE_1].";
        const { texts, args: given, finishReasons } = assemble(left);
        expect(texts).toEqual({ content: redacted, reasoning_content: redacted, refusal: redacted });
        expect(JSON.parse(given[0] ?? "")).toEqual({ to: "[EMAIL_1]", body: "line\nnext" });
        expect(finishReasons).toEqual(["tool_calls"]);
        expect(JSON.stringify(left)).not.toMatch(/bob|555/);
      }),
      { numRuns: runs(60) },
    );
  });

  it("ends a blocked choice with content_filter and its findings, and lets nothing of the match leave", async () => {
    const guard = guardOf({ settings: { pii: "block" } });
    const left = await run(guard, [
      chunk({ role: "assistant", content: "" }),
      ...cut("The number is 4111 1111 1111 1111, use it.", [3]).map((piece) => say(piece)),
      finish(),
    ]);
    const { texts, finishReasons, guardrails } = assemble(left);
    expect(texts).toEqual({ content: "The number is " });
    expect(finishReasons).toEqual(["content_filter"]);
    expect(guardrails).toEqual({ blocked: true, findings: [{ guardrail: "pii", type: "card", count: 1 }] });
    expect(left.at(-1)?.choices[0]?.delta).toEqual({});
    expect(guard.blocked).toEqual(new Set([0]));
    expect(guard.findings()).toEqual([{ guardrail: "pii", type: "card", count: 1 }]);
  });

  it("blocks a value that ends with the stream, before the finish reason", async () => {
    const left = await run(guardOf({ settings: { pii: "block" } }), [say("bob@exam"), say("ple.com"), finish()]);
    expect(assemble(left)).toMatchObject({ texts: {}, finishReasons: ["content_filter"] });
  });

  it("blocks a value that a stream without a finish reason ends with", async () => {
    const left = await run(guardOf({ settings: { pii: "block" } }), [say("to bob@exam"), say("ple.com")]);
    expect(assemble(left)).toMatchObject({ texts: { content: "to " }, finishReasons: ["content_filter"] });
  });

  it("passes everything on at once when it flags, and tells at the end", async () => {
    const guard = guardOf({ settings: { pii: "flag" } });
    const given = [say("bob@exam"), say("ple.com"), finish()];
    const left = [];
    for (const each of given) left.push(await guard.push(each));
    expect(left.slice(0, 2)).toEqual(given.slice(0, 2).map((each) => [each]));
    expect(assemble(left.flat()).guardrails).toEqual({ blocked: false, findings: [email] });
    expect(assemble(left.flat()).finishReasons).toEqual(["stop"]);
  });

  it("keeps choices apart: one is blocked, the other goes on", async () => {
    const guard = guardOf({ settings: { pii: "block" }, choices: 2 });
    const left = await run(guard, [
      say("bob@", 0),
      say("all ", 1),
      say("example.com ", 0),
      say("good", 1),
      finish("stop", 0),
      finish("stop", 1),
    ]);
    expect(assemble(left, 0)).toMatchObject({ texts: {}, finishReasons: ["content_filter"] });
    expect(assemble(left, 1)).toMatchObject({ texts: { content: "all good" }, finishReasons: ["stop"] });
    expect(assemble(left, 1).guardrails).toBeUndefined();
  });

  it("keeps parallel tool calls apart and in their index", async () => {
    const part = (index: number, text: string) => chunk({ tool_calls: [{ index, function: { arguments: text } }] });
    const left = await run(guardOf({ settings: { pii: "redact" } }), [
      part(0, '{"a":"bob@ex'),
      part(1, '{"b":"415-55'),
      part(0, 'ample.com"}'),
      part(1, '5-2671"}'),
      finish("tool_calls"),
    ]);
    expect(assemble(left).args).toEqual(['{"a":"[EMAIL_1]"}', '{"b":"[PHONE_1]"}']);
  });

  it("redacts the input of custom tools, however it is cut", async () => {
    const part = (index: number, input: string) => chunk({ tool_calls: [{ index, custom: { input } }] });
    const left = await run(guardOf({ settings: { pii: "redact" } }), [
      chunk({ tool_calls: [{ index: 0, id: "call_1", type: "custom", custom: { name: "f", input: "" } }] }),
      part(0, "SELECT 'bob@ex"),
      part(0, "ample.com'"),
      finish("tool_calls"),
    ]);
    const calls = left.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
    expect(calls[0]).toMatchObject({ id: "call_1", type: "custom", custom: { name: "f" } });
    expect(calls.map(({ custom }) => custom?.input ?? "").join("")).toBe("SELECT '[EMAIL_1]'");
  });

  it("ends thoughts before the answer begins, so that their last word does not come after it", async () => {
    const left = await run(guardOf({ settings: { pii: "redact" } }), [
      chunk({ reasoning_content: "I think" }),
      chunk({ reasoning_content: " hard" }),
      say("Yes "),
      finish(),
    ]);
    const order = left.flatMap(({ choices }) => Object.keys(choices[0]?.delta ?? {}));
    expect(order.lastIndexOf("reasoning_content")).toBeLessThan(order.indexOf("content"));
    expect(assemble(left).texts).toEqual({ reasoning_content: "I think hard", content: "Yes " });
  });

  it("takes off logprobs, which repeat the text", async () => {
    const [left] = await guardOf({ settings: { pii: "redact" } }).push({
      ...say("bob "),
      choices: [{ index: 0, delta: { content: "bob " }, logprobs: { content: [], refusal: [] }, finish_reason: null }],
    });
    expect(left?.choices[0]?.logprobs).toBeNull();
  });

  it("gives signed thoughts on whole when nothing was found, and not at all when something was", async () => {
    const signed = (thinking: string) =>
      chunk({ thinking_blocks: [{ type: "thinking", thinking, signature: "c2ln" }] });
    const clean = await run(guardOf({ settings: { pii: "redact" } }), [signed("hm"), say("ok"), finish()]);
    expect(JSON.stringify(clean)).toContain("c2ln");
    const found = await run(guardOf({ settings: { pii: "redact" } }), [signed("bob@example.com"), say("ok"), finish()]);
    expect(JSON.stringify(found)).not.toMatch(/c2ln|bob/);
  });

  it("gives on chunks without choices as they are", async () => {
    const usage = { ...say(""), choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };
    expect(await guardOf({ settings: { pii: "redact" } }).push(usage)).toEqual([usage]);
  });
});

describe("a stream whose input was redacted", () => {
  const redacted = () => {
    const placeholders = new Placeholders();
    placeholders.of("email", "bob@example.com");
    placeholders.of("secret", 'a"b\nc');
    return { placeholders, restore: placeholders.restorer() };
  };

  it("gets the caller's values back, also where a placeholder is split, and escaped in arguments", async () => {
    const args = '{"to":"[EMAIL_1]","key":"[SECRET_1]"}';
    for (const size of [1, 2, 5, 100]) {
      const left = await run(guardOf(redacted()), [
        ...cut("Dear [EMAIL_1], [EMAIL_2] [", [size]).map((piece) => say(piece)),
        ...cut(args, [size]).map((piece) => chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
        finish(),
      ]);
      const { texts, args: given } = assemble(left);
      expect(texts.content).toBe("Dear bob@example.com, [EMAIL_2] [");
      expect(JSON.parse(given[0] ?? "")).toEqual({ to: "bob@example.com", key: 'a"b\nc' });
    }
  });

  it("gives back the caller's own values and redacts others, which never get a number of the caller's", async () => {
    const left = await run(guardOf({ ...redacted(), settings: { pii: "redact" } }), [
      ...cut("[EMAIL_1] knows eve@example.com and bob@example.com.", [4]).map((piece) => say(piece)),
      finish(),
    ]);
    expect(assemble(left).texts.content).toBe("bob@example.com knows [EMAIL_2] and bob@example.com.");
  });
});

describe("a stream under the moderation", () => {
  const sentence = "This is a harmless sentence of some length. ";

  it("lets text leave only after it was judged, in windows that overlap", async () => {
    const { moderate, shown } = judge();
    const guard = guardOf({ settings: { content_moderation: "block" }, moderate });
    let given = "";
    let left = "";
    for (const piece of cut(sentence.repeat(40), [7])) {
      given += piece;
      for (const each of await guard.push(say(piece))) left += each.choices[0]?.delta.content ?? "";
      expect(shown.join("")).toContain(left.slice(-40));
      expect(given.length - left.length).toBeLessThanOrEqual(820);
    }
    for (const each of await guard.push(finish())) left += each.choices[0]?.delta.content ?? "";
    expect(left).toBe(given);
    expect(shown.length).toBeGreaterThan(3);
    expect(shown[1]?.startsWith(shown[0]?.slice(-200) ?? "?")).toBe(true);
  });

  it("lets nothing of a flagged window leave and ends with content_filter", async () => {
    const { moderate } = judge();
    const guard = guardOf({ settings: { content_moderation: "block" }, moderate });
    const left = await run(guard, [
      ...cut(`${sentence.repeat(20)}HA${"RM"} and more. ${sentence.repeat(9)}`, [5]).map((piece) => say(piece)),
      finish(),
    ]);
    const { texts, finishReasons, guardrails } = assemble(left);
    expect(`${texts.content} `).toMatch(/^(?:This is a harmless sentence of some length\. ? ?)+$/);
    expect(finishReasons).toEqual(["content_filter"]);
    expect(guardrails).toEqual({
      blocked: true,
      findings: [{ guardrail: "content_moderation", type: "violence", count: 1 }],
    });
  });

  it("judges arguments of tool calls too", async () => {
    const { moderate } = judge();
    const left = await run(guardOf({ settings: { content_moderation: "block" }, moderate }), [
      chunk({ tool_calls: [{ index: 0, id: "call_1", function: { name: "f", arguments: '{"a":"HARM"}' } }] }),
      finish("tool_calls"),
    ]);
    expect(assemble(left)).toMatchObject({ args: [], finishReasons: ["content_filter"] });
  });

  it("fails closed when nobody can judge, and open with a finding when it only flags", async () => {
    const blocking = guardOf({ settings: { content_moderation: "block" }, moderate: absentJudge });
    await expect(run(blocking, [say("text"), finish()])).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    const flagging = guardOf({ settings: { content_moderation: "flag" }, moderate: absentJudge });
    const left = await run(flagging, [say("text"), finish()]);
    expect(assemble(left)).toMatchObject({
      texts: { content: "text" },
      finishReasons: ["stop"],
      guardrails: { blocked: false, findings: [{ type: "unavailable" }] },
    });
  });

  it("shows the moderation placeholders, and gives values back after it", async () => {
    const placeholders = new Placeholders();
    placeholders.of("email", "bob@example.com");
    const { moderate, shown } = judge();
    const guard = guardOf({
      settings: { content_moderation: "block", pii: "redact" },
      placeholders,
      restore: placeholders.restorer(),
      moderate,
    });
    const left = await run(guard, [say("Dear [EMA"), say("IL_1], eve@example.com says hi"), finish()]);
    expect(assemble(left).texts.content).toBe("Dear bob@example.com, [EMAIL_2] says hi");
    expect(shown.join("")).not.toMatch(/bob|eve/);
  });
});
