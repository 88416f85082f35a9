import { describe, expect, it } from "vitest";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { chat, frames, type Reply, user } from "./client.ts";

const cloud = useStandardCloud();

const address = "jane.doe@example.com";
const ask = (body: object, headers: Record<string, string> = {}): Promise<Reply> =>
  chat(cloud(), { model: "gpt-4o-mini", messages: [user(`Write to ${address} please`)], ...body }, cloud().apiKey, {
    headers,
  });

const marker = () => `guard-${crypto.randomUUID()}`;

describe("guardrails over the whole way", () => {
  it("block a request on its input before any provider is asked, and name the kind, never the text", async () => {
    const mark = marker();
    const reply = await ask({ messages: [user(`${mark} ${address}`)] }, { "x-guardrails": "pii" });
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({
      code: "GUARDRAIL_BLOCKED",
      param: "messages[0].content",
      details: { guardrail: "pii", findings: [{ type: "email", count: 1 }] },
    });
    expect(reply.text).not.toContain(address);
    expect(await cloud().providerRequests(mark)).toEqual([]);
  });

  it("show the provider a placeholder and give the caller the value back", async () => {
    const mark = marker();
    const reply = await ask({
      messages: [user(`${mark} ${address}`)],
      guardrails: { input: [{ type: "pii", action: "redact" }] },
    });
    expect(reply.status).toBe(200);
    expect(reply.headers.get("x-guardrail-findings")).toBe("pii:email=1");
    expect(reply.text).toContain(address);
    const [seen] = await cloud().providerRequests(mark);
    expect(JSON.stringify(seen)).not.toContain(address);
    expect(JSON.stringify(seen)).toContain("[EMAIL_1]");
  });

  it("let nothing of a finding leave a stream, and end it with content_filter", async () => {
    const reply = await ask({
      stream: true,
      messages: [user(`[[simulate: text=mail_${address}_now chunks=12]]`)],
      guardrails: { output: ["pii"] },
    });
    const parts = frames(reply.text);
    expect(reply.text).not.toContain("jane.doe");
    expect(parts.at(-1)).toBe("[DONE]");
    expect(JSON.stringify(parts.at(-2))).toContain('"finish_reason":"content_filter"');
    expect(JSON.stringify(parts.at(-2))).toContain('"type":"email"');
  });

  it("ask the moderation of the platform", async () => {
    const reply = await ask({ messages: [user("kill")] }, { "x-guardrails": "content_moderation" });
    expect(reply.error()).toMatchObject({ code: "GUARDRAIL_BLOCKED", details: { guardrail: "content_moderation" } });
  });
});

describe("prompts over the whole way", () => {
  it("put the template before the request's messages", async () => {
    const mark = marker();
    const reply = await ask({
      messages: [user(mark)],
      prompt_id: "support-reply",
      prompt_variables: { company: "ACME", tone: "kind" },
    });
    expect(reply.status).toBe(200);
    expect(reply.headers.get("x-prompt-used")).toBe("support-reply%402");
    const [seen] = await cloud().providerRequests(mark);
    expect(JSON.stringify(seen)).toContain("ACME");
  });

  it("name the variable that is missing", async () => {
    const reply = await ask({ prompt_id: "support-reply", prompt_variables: { company: "ACME" } });
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "prompt_variables.tone" });
  });
});
