import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { insertPreset } from "#core/db/presets.ts";
import { handler as battle } from "#functions/battle.ts";
import { handler as chatCompletions } from "#functions/chat-completions.ts";
import { handler as messages } from "#functions/messages.ts";
import type { Caller } from "#tests/core/support/chat-gateway.ts";
import { type Answer, callStream, captureLog, muteLog, type OpenCall, openStream } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { eventsOf as sseEventsOf } from "#tests/media/support.ts";
import { errorOf, expectBooked, useFaultyGateway } from "./support/gateway.ts";
import { answering, beginAnswer, wires } from "./support/wires.ts";

muteLog();

const uncached = { "X-Cache": "no-cache" };
const ok = { status: "ok", inputTokens: 10, outputTokens: 5 };
const timedOut = { status: "error", code: "PROVIDER_TIMEOUT" };
/** The function keeps 3 s back to settle and tell; this is what is left for the provider, ms. */
const forProviderMs = 1_000;
const remainingMs = 3_000 + forProviderMs;

const readAll = async ({ response, returned }: OpenCall): Promise<Answer> => {
  let text = "";
  response.on("data", (part: Buffer) => {
    text += part.toString();
  });
  await returned;
  const { statusCode: status = 0, headers = {} } = response.metadata ?? {};
  return { status, headers, text, json: () => JSON.parse(text) as ReturnType<Answer["json"]> };
};

describe.skipIf(!hasTables)(`a function whose own time runs out (${tablesName})`, () => {
  const gateway = useFaultyGateway();
  let caller: Caller;
  beforeEach(async () => {
    caller = await gateway().createCaller();
  });
  // The first request of each form loads its adapter, which must not eat the time of a test.
  beforeAll(async () => {
    gateway().play = answering();
    const first = await gateway().createCaller();
    await captureLog(async () => {
      for (const { model } of wires) await gateway().ask(first, { model }, uncached);
    });
  });
  /** The next request has time again. */
  const expectRecovery = async (before: readonly object[]): Promise<void> => {
    gateway().play = answering();
    expect((await gateway().ask(caller, {}, uncached)).status).toBe(200);
    await expectBooked(caller, [...before, ok]);
  };

  it("holds the Idempotency-Key of a preset for as long as the preset lets the request take", async () => {
    const timeout = 290_000;
    const at = new Date().toISOString();
    const settings = JSON.stringify({ model: "gpt", timeout });
    await insertPreset(caller.userId, "slow", { settings, createdAt: at, updatedAt: at });
    gateway().dynamoDb.reset();
    const begunMs = Date.now();
    const headers = { ...uncached, "Idempotency-Key": "once" };
    const answer = await readAll(gateway().open(caller, { model: "@preset/slow" }, headers, 2 * timeout));
    expect(answer.status).toBe(200);
    const leases = gateway().dynamoDb.requests.filter(({ body }) => body.includes('"state":{"S":"running"}'));
    const untilSeconds = leases.map(({ body }) => /"leaseUntil":\{"N":"(\d+)"\}/.exec(body)?.[1]);
    expect(Number(untilSeconds[0]) * 1_000).toBeGreaterThanOrEqual(begunMs + timeout);
  });

  it.each([
    ["the preset, in another dialect", messages, "/api/v1/messages", 50, {}],
    [
      "the header, whatever the preset says",
      chatCompletions,
      "/api/v1/chat/completions",
      290_000,
      { "X-Timeout-Ms": "50" },
    ],
  ] as const)("ends a request after the time of %s", async (_, handler, path, timeout, sent) => {
    const at = new Date().toISOString();
    const settings = JSON.stringify({ model: "gpt", timeout });
    await insertPreset(caller.userId, "quick", { settings, createdAt: at, updatedAt: at });
    gateway().play = () => undefined;
    const answer = await callStream(handler, {
      method: "POST",
      path,
      headers: { Authorization: `Bearer ${caller.key}`, ...uncached, "X-Retries": "0", ...sent },
      body: { model: "@preset/quick", max_tokens: 10, messages: [{ role: "user", content: "Hello" }] },
    });
    expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 504 });
  });

  describe.each(wires)("at a provider of $name's form", (wire) => {
    it("in the middle of a stream tells it in the stream, metered by what had come", async () => {
      gateway().play = (response) => {
        beginAnswer(response, true);
        response.write(wire.begin("Hello to all of you"));
      };
      const body = { model: wire.model, stream: true };
      const answer = await readAll(gateway().open(caller, body, uncached, remainingMs));
      expect(answer.status).toBe(200);
      expect(answer.text).toContain("Hello to all of you");
      expect(errorOf(answer).code).toBe("PROVIDER_TIMEOUT");
      expect(answer.text).not.toContain("[DONE]");
      await expectRecovery([{ ...timedOut, estimated: true, streamed: true }]);
    });

    it("before any answer is a 504, streamed or not, and its input is booked", async () => {
      gateway().play = () => undefined;
      const answers = await Promise.all(
        [false, true].map((stream) =>
          readAll(gateway().open(caller, { model: wire.model, stream }, uncached, remainingMs)),
        ),
      );
      for (const answer of answers) {
        expect({ status: answer.status, code: errorOf(answer).code }).toEqual({
          status: 504,
          code: "PROVIDER_TIMEOUT",
        });
      }
      const booked = { ...timedOut, estimated: true, inputTokens: expect.any(Number), outputTokens: 0 };
      await expectRecovery([booked, booked]);
    });
  });

  it("while its client reads nothing ends all the same, and settles", async () => {
    gateway().play = async (response) => {
      const [wire] = wires;
      if (wire === undefined) return;
      beginAnswer(response, true);
      response.write(wire.begin("Hello"));
      // Far more than all buffers on the way hold.
      for (let part = 0; part < 4_000 && !response.destroyed; part += 1) {
        if (response.write(wire.more("x".repeat(10_000)))) continue;
        await new Promise<void>((resolve) => {
          response.once("drain", resolve);
          response.once("close", resolve);
        });
      }
    };
    const call = gateway().open(caller, { model: "gpt-4o-mini", stream: true }, uncached, remainingMs);
    // Cut off by ourselves: what Lambda does with the rest of the stream is no longer ours.
    await call.returned.catch(() => undefined);
    await expectRecovery([{ status: "error", estimated: true }]);
  });

  it("in the middle of a battle ends each agent in an error and the run in its last event, each call metered once", async () => {
    gateway().play = (response, { body }) => {
      const wire = wires.find(({ model }) => model === (body as { model: string }).model);
      beginAnswer(response, true);
      response.write(wire?.begin("Hello to all of you") ?? "");
    };
    const options = {
      method: "POST",
      path: "/api/v1/battle",
      headers: { Authorization: `Bearer ${caller.key}` },
      body: { message: "Hello", models: wires.slice(0, 2).map(({ model }) => model), stream: true },
    };
    const answer = await readAll(openStream(battle, options, remainingMs));
    const names = sseEventsOf(answer.text).map(({ name }) => name);
    expect(names.filter((name) => name === "agent.error")).toHaveLength(2);
    expect(answer.text).toContain("PROVIDER_TIMEOUT");
    await expectRecovery([
      { ...timedOut, estimated: true, generation: 0 },
      { ...timedOut, estimated: true, generation: 1 },
    ]);
  });
});
