import type { ChatCompletion } from "openai/resources/chat/completions";
import { describe, expect, it } from "vitest";
import { applyOutputGuardrails } from "#core/guardrails/output.ts";
import { OutputGuard, type OutputGuardOptions } from "#core/guardrails/output-guard.ts";
import { Placeholders } from "#core/guardrails/placeholders.ts";
import { assemble, finish, say } from "./chunks.ts";
import { absentJudge, judge, noJudge } from "./moderation-stub.ts";

const completionOf = (...messages: readonly object[]): ChatCompletion =>
  ({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "gpt-test",
    choices: messages.map((message, index) => ({
      index,
      message: { role: "assistant", refusal: null, ...message },
      logprobs: { content: [], refusal: [] },
      finish_reason: "stop",
    })),
  }) as unknown as ChatCompletion;

const options = (given: Partial<OutputGuardOptions>): OutputGuardOptions => ({
  settings: {},
  moderate: noJudge,
  signal: new AbortController().signal,
  ...given,
});

describe("a whole answer under guardrails", () => {
  it("has content, thoughts and arguments redacted, and no logprobs", async () => {
    const { completion, findings } = await applyOutputGuardrails(
      completionOf({
        content: "Ask bob@example.com",
        reasoning_content: "bob@example.com is it",
        thinking_blocks: [{ type: "thinking", thinking: "bob@example.com is it", signature: "c2ln" }],
        tool_calls: [{ id: "call_1", type: "function", function: { name: "f", arguments: '{"n":4111111111111111}' } }],
      }),
      options({ settings: { pii: "redact" } }),
    );
    expect(completion.choices[0]).toMatchObject({
      message: {
        content: "Ask [EMAIL_1]",
        reasoning_content: "[EMAIL_1] is it",
        tool_calls: [{ id: "call_1", function: { name: "f", arguments: '{"n":"[CARD_1]"}' } }],
      },
      logprobs: null,
      finish_reason: "stop",
      guardrails: { blocked: false },
    });
    expect(JSON.stringify(completion)).not.toMatch(/bob|4111|c2ln/);
    expect(findings).toEqual([
      { guardrail: "pii", type: "email", count: 2 },
      { guardrail: "pii", type: "card", count: 1 },
    ]);
  });

  it("has the input of custom tools redacted", async () => {
    const call = { id: "call_1", type: "custom", custom: { name: "f", input: "SELECT 'bob@example.com'" } };
    const { completion } = await applyOutputGuardrails(
      completionOf({ content: null, tool_calls: [call] }),
      options({ settings: { pii: "redact" } }),
    );
    expect(completion.choices[0]?.message.tool_calls).toEqual([
      { ...call, custom: { name: "f", input: "SELECT '[EMAIL_1]'" } },
    ]);
  });

  it("is blocked just as its stream is: the same text, reason and findings", async () => {
    const content = "The number is 4111 1111 1111 1111, use it.";
    const { completion, blocked } = await applyOutputGuardrails(
      completionOf({
        content,
        tool_calls: [{ id: "call_1", type: "function", function: { name: "f", arguments: "{}" } }],
      }),
      options({ settings: { pii: "block" } }),
    );
    const guard = new OutputGuard(options({ settings: { pii: "block" } }));
    const streamed = assemble([...(await guard.push(say(content))), ...(await guard.push(finish()))]);
    const [choice] = completion.choices;
    expect(choice?.message.content).toBe(streamed.texts.content);
    expect(choice?.finish_reason).toBe("content_filter");
    expect(choice).toMatchObject({ guardrails: streamed.guardrails as object });
    expect(choice?.message.tool_calls).toBeUndefined();
    expect(blocked).toEqual(new Set([0]));
  });

  it("keeps other choices when one is blocked", async () => {
    const { completion } = await applyOutputGuardrails(
      completionOf({ content: "bob@example.com" }, { content: "fine" }),
      options({ settings: { pii: "block" }, choices: 2 }),
    );
    expect(completion.choices.map(({ finish_reason: reason }) => reason)).toEqual(["content_filter", "stop"]);
    expect(completion.choices[1]).not.toHaveProperty("guardrails");
  });

  it("is unchanged but for its findings when they are only flagged", async () => {
    const given = completionOf({ content: "bob@example.com" });
    const { completion } = await applyOutputGuardrails(given, options({ settings: { pii: "flag" } }));
    expect(completion).toEqual({
      ...given,
      choices: [
        {
          ...given.choices[0],
          guardrails: { blocked: false, findings: [{ guardrail: "pii", type: "email", count: 1 }] },
        },
      ],
    });
  });

  it("has the caller's own values again", async () => {
    const placeholders = new Placeholders();
    placeholders.of("email", "bob@example.com");
    const { completion } = await applyOutputGuardrails(
      completionOf({ content: "Dear [EMAIL_1] and eve@example.com" }),
      options({ settings: { pii: "redact" }, placeholders, restore: placeholders.restorer() }),
    );
    expect(completion.choices[0]?.message.content).toBe("Dear bob@example.com and [EMAIL_2]");
  });

  it("is emptied when the moderation flags it", async () => {
    const { moderate } = judge();
    const { completion, findings } = await applyOutputGuardrails(
      completionOf({ content: "some HARM here" }, { content: "fine" }),
      options({ settings: { content_moderation: "block" }, moderate }),
    );
    expect(completion.choices[0]).toMatchObject({
      message: { role: "assistant", content: "" },
      finish_reason: "content_filter",
      guardrails: { blocked: true },
    });
    expect(JSON.stringify(completion)).not.toContain("HARM");
    expect(completion.choices[1]?.message.content).toBe("fine");
    expect(findings).toEqual([{ guardrail: "content_moderation", type: "violence", count: 1 }]);
  });

  it("does not leave unjudged", async () => {
    await expect(
      applyOutputGuardrails(
        completionOf({ content: "x" }),
        options({ settings: { content_moderation: "block" }, moderate: absentJudge }),
      ),
    ).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });
});
