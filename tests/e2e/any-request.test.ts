import { describe, expect, it } from "vitest";
import { anyMessagesRequest } from "#tests/core/dialects/messages/any-request.ts";
import { anyResponsesRequest } from "#tests/core/dialects/responses/any-request.ts";
import { eventually, useCloud } from "#tests/support/cloud.ts";
import { fc, longestMs, runs } from "#tests/support/property.ts";
import { type ErrorEnvelope, type Reply, send } from "./client.ts";

/** Any body, over HTTP and through the whole gateway: a valid answer in its dialect, or a 4xx that says what is wrong and where. */

const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "10000", DAILY_SPEND_CAP_USD: "100000" } });

const models = ["gpt", "gpt-4o-mini", "claude", "gemini", "MiniMax-M3"];

const lastEvent = (text: string): Record<string, unknown> => {
  const frame = text.trimEnd().split("\n\n").at(-1) ?? "";
  return JSON.parse(frame.slice(frame.indexOf("data: ") + 6)) as Record<string, unknown>;
};

const isStream = ({ headers }: Reply): boolean => headers.get("content-type")?.startsWith("text/event-stream") === true;

/** A refusal of ours names the field; a provider's own has its words, and its field where it says one. */
const expectRefusal = ({ status, error: read }: Reply): void => {
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  const error: ErrorEnvelope = read();
  expect(error.message.length).toBeGreaterThan(10);
  // What the body as a whole is refused for, such as its depth, has no field.
  if (error.details.provider !== undefined || error.message.startsWith("The body ")) return;
  expect(error.param ?? "", error.message).toMatch(/./);
};

const dialects = [
  {
    path: "/responses",
    any: anyResponsesRequest,
    expectAnswer: (reply: Reply) => {
      const answer = isStream(reply) ? (lastEvent(reply.text).response ?? lastEvent(reply.text)) : reply.json();
      if (isStream(reply)) expect(lastEvent(reply.text).type).toMatch(/^response\.(completed|incomplete|failed)$/);
      expect(answer).toMatchObject({ object: "response", id: expect.any(String), output: expect.any(Array) });
    },
  },
  {
    path: "/messages",
    any: anyMessagesRequest,
    expectAnswer: (reply: Reply) => {
      if (isStream(reply)) expect(lastEvent(reply.text).type).toMatch(/^(message_stop|error)$/);
      else expect(reply.json()).toMatchObject({ type: "message", role: "assistant", content: expect.any(Array) });
    },
  },
] as const;

describe.each(dialects)("any body to $path", ({ path, any, expectAnswer }) => {
  it("is answered, or refused with a 4xx that names what is wrong", { timeout: longestMs(120_000) }, async () => {
    const { key, userId } = await cloud().createKey({ rateLimit: 1_000_000 });
    const counts = { answered: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(any as fc.Arbitrary<object>, fc.constantFrom(...models), async (body, model) => {
        const reply = await send(`${cloud().baseUrl}${path}`, {
          method: "POST",
          headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "x-retries": "0" },
          body: JSON.stringify({ ...body, ...("model" in body && body.model === "gpt" ? { model } : {}) }),
        });
        if (reply.status === 200) expectAnswer(reply);
        else expectRefusal(reply);
        counts[reply.status === 200 ? "answered" : "refused"] += 1;
      }),
      { numRuns: runs(120) },
    );
    // Neither may be all that happens.
    expect(counts.answered).toBeGreaterThan(5);
    expect(counts.refused).toBeGreaterThan(5);
    await eventually(async () => expect((await cloud().admission(userId)).open).toEqual([]));
  });
});
