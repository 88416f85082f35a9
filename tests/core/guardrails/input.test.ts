import { describe, expect, it } from "vitest";
import { findingsHeader } from "#core/guardrails/finding.ts";
import { applyInputGuardrails } from "#core/guardrails/input.ts";
import type { GuardrailSide } from "#core/guardrails/settings.ts";
import { type ChatRequest, chatRequestSchema } from "#core/schemas/chat.ts";
import { absentJudge, judge, noJudge } from "./moderation-stub.ts";

const { signal } = new AbortController();
const requestOf = (...messages: readonly unknown[]): ChatRequest =>
  chatRequestSchema.parse({
    model: "gpt",
    messages: messages.map((each) => (typeof each === "string" ? { role: "user", content: each } : each)),
  });
const apply = (request: ChatRequest, settings: GuardrailSide, moderate = noJudge) =>
  applyInputGuardrails(request, settings, { moderate, signal });

const everywhere = requestOf(
  { role: "system", content: "You write for boss@example.com" },
  {
    role: "user",
    content: [
      { type: "text", text: "I am bob@example.com" },
      { type: "image_url", image_url: { url: "https://example.com/bob@example.com.png" } },
    ],
  },
  {
    role: "assistant",
    content: null,
    refusal: "Not bob@example.com",
    reasoning_content: "bob@example.com it is",
    tool_calls: [
      {
        id: "call_1",
        type: "function",
        function: { name: "f", arguments: '{"to":"a\\nbob@example.com","card":4111111111111111}' },
      },
    ],
  },
  { role: "tool", tool_call_id: "call_1", content: "sent to eve@example.com" },
);

describe("a request under the pii guardrail", () => {
  it("is refused before any provider is called, and the error has types and places but no text", async () => {
    const { blocked, request } = await apply(everywhere, { pii: "block" });
    expect(blocked).toMatchObject({
      code: "GUARDRAIL_BLOCKED",
      status: 400,
      param: "messages[0].content",
      details: {
        guardrail: "pii",
        findings: [
          { guardrail: "pii", type: "email", count: 6 },
          { guardrail: "pii", type: "card", count: 1 },
        ],
      },
    });
    expect(JSON.stringify(blocked?.toBody())).not.toMatch(/example|4111/);
    expect(request).toBe(everywhere);
  });

  it("shows providers placeholders in every text, and the rest as it was", async () => {
    const { request, blocked, findings } = await apply(everywhere, { pii: "redact" });
    expect(blocked).toBeUndefined();
    const [system, user, assistant, tool] = request.messages as unknown as Record<string, unknown>[];
    expect(system?.content).toBe("You write for [EMAIL_1]");
    expect(user?.content).toEqual([
      { type: "text", text: "I am [EMAIL_2]" },
      { type: "image_url", image_url: { url: "https://example.com/bob@example.com.png" } },
    ]);
    expect(assistant).toMatchObject({ refusal: "Not [EMAIL_2]", reasoning_content: "[EMAIL_2] it is" });
    const [call] = (assistant?.tool_calls ?? []) as { function: { arguments: string } }[];
    expect(JSON.parse(call?.function.arguments ?? "")).toEqual({ to: "a\n[EMAIL_2]", card: "[CARD_1]" });
    expect(tool?.content).toBe("sent to [EMAIL_3]");
    expect(findingsHeader(findings)).toBe("pii:email=6, pii:card=1");
    // What came in is not changed.
    expect(JSON.stringify(everywhere)).toContain("boss@example.com");
  });

  it("shows them in what custom tools are called with, too", async () => {
    const call = { id: "call_1", type: "custom", custom: { name: "f", input: "SELECT 'bob@example.com'" } };
    const given = requestOf("Go", { role: "assistant", content: null, tool_calls: [call] });
    const { request } = await apply(given, { pii: "redact" });
    expect(request.messages[1]).toMatchObject({
      tool_calls: [{ ...call, custom: { name: "f", input: "SELECT '[EMAIL_1]'" } }],
    });
  });

  it("gives the values back, but not for what the caller wrote like a placeholder", async () => {
    const { request, restore } = await apply(requestOf("[EMAIL_1] is not bob@example.com"), { pii: "redact" });
    expect(request.messages[0]?.content).toBe("[EMAIL_1] is not [EMAIL_2]");
    expect(restore?.restore("[EMAIL_1] and [EMAIL_2]")).toBe("[EMAIL_1] and bob@example.com");
    expect(restore?.restore('{"a":"[EMAIL_2]"}', true)).toBe('{"a":"bob@example.com"}');
  });

  it("numbers values the same way on the next turn, so that a conversation's start stays the same", async () => {
    const first = requestOf("I am bob@example.com");
    const next = requestOf(
      "I am bob@example.com",
      { role: "assistant", content: "Hello bob@example.com" },
      "and eve@example.com",
    );
    const [one, two] = [await apply(first, { pii: "redact" }), await apply(next, { pii: "redact" })];
    expect(two.request.messages[0]).toEqual(one.request.messages[0]);
    expect(two.request.messages[2]?.content).toBe("and [EMAIL_2]");
  });

  it("goes on unchanged when findings are only flagged, and says what was found", async () => {
    const { request, findings, restore, blocked } = await apply(everywhere, { pii: "flag" });
    expect(request).toBe(everywhere);
    expect(blocked).toBeUndefined();
    expect(restore).toBeUndefined();
    expect(findings).toEqual([
      { guardrail: "pii", type: "email", count: 6 },
      { guardrail: "pii", type: "card", count: 1 },
    ]);
  });

  it("drops signed thoughts that hold a value: they can be neither changed nor shown", async () => {
    const thought = (thinking: string) => [{ type: "thinking", thinking, signature: "c2ln" }];
    const { request } = await apply(
      requestOf(
        { role: "assistant", content: "a", thinking_blocks: thought("bob@example.com") },
        { role: "assistant", content: "b", thinking_blocks: thought("nothing") },
      ),
      { pii: "redact" },
    );
    expect(request.messages[0]).not.toHaveProperty("thinking_blocks");
    expect(request.messages[1]).toHaveProperty("thinking_blocks");
  });

  it("passes a clean request as it is", async () => {
    const { findings, restore, blocked } = await apply(requestOf("Hello"), { pii: "block" });
    expect({ findings, restore, blocked }).toEqual({ findings: [], restore: undefined, blocked: undefined });
  });
});

describe("a request under the moderation", () => {
  it("is refused when a text is flagged, with its category and place", async () => {
    const { moderate } = judge();
    const { blocked } = await apply(requestOf("fine", "HARM"), { content_moderation: "block" }, moderate);
    expect(blocked).toMatchObject({
      code: "GUARDRAIL_BLOCKED",
      param: "messages[1].content",
      details: { guardrail: "content_moderation", findings: [{ type: "violence", count: 1 }] },
    });
    expect(JSON.stringify(blocked?.toBody())).not.toContain("HARM");
  });

  it("redacts by refusing: there is nothing to put in the place of harm", async () => {
    const { moderate } = judge();
    const { blocked } = await apply(requestOf("HARM"), { content_moderation: "redact" }, moderate);
    expect(blocked?.code).toBe("GUARDRAIL_BLOCKED");
  });

  it("is shown placeholders where personal data is redacted, and is not asked about what is refused already", async () => {
    const { moderate, shown } = judge();
    await apply(everywhere, { pii: "redact", content_moderation: "block" }, moderate);
    expect(shown.join(" ")).toContain("[EMAIL_1]");
    expect(shown.join(" ")).not.toMatch(/bob@|4111/);
    const { blocked } = await apply(everywhere, { pii: "block", content_moderation: "block" });
    expect(blocked?.details.guardrail).toBe("pii");
  });

  it("fails closed when nobody can judge, and open with a finding when it only flags", async () => {
    await expect(apply(requestOf("a"), { content_moderation: "block" }, absentJudge)).rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
    });
    const { findings, blocked } = await apply(requestOf("a"), { content_moderation: "flag" }, absentJudge);
    expect(blocked).toBeUndefined();
    expect(findings).toEqual([{ guardrail: "content_moderation", type: "unavailable", count: 1 }]);
  });
});
