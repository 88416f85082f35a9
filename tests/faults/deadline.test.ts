import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { markCancelled, readAdmission } from "#core/db/admission.ts";
import { insertPreset } from "#core/db/presets.ts";
import { insertProviderKey } from "#core/db/provider-keys.ts";
import { newId } from "#core/ids.ts";
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

  describe("while AWS says nothing about the caller's role", () => {
    const model = "bedrock/us.amazon.nova-lite-v1:0";
    /** With the caller's external id; it is asked with another one beside. */
    const callsUntilItGivesUp = 3;
    let asked = 0;
    let whenAsked = (): void => undefined;
    const sts = createServer(async (request) => {
      if (!(await text(request)).includes(caller.userId)) return;
      asked += 1;
      whenAsked();
    });
    beforeAll(async () => {
      await once(sts.listen(0, "127.0.0.1"), "listening");
      process.env.AWS_ENDPOINT_URL_STS = `http://127.0.0.1:${(sts.address() as AddressInfo).port}`;
      process.env.SST_RESOURCE_Account = JSON.stringify({ arn: "arn:aws:iam::000000000000:root" });
    });
    afterAll(() => {
      delete process.env.AWS_ENDPOINT_URL_STS;
      sts.close();
      sts.closeAllConnections();
    });
    beforeEach(async () => {
      asked = 0;
      whenAsked = () => undefined;
      const { userId } = caller;
      await insertProviderKey({
        id: newId("providerKey"),
        userId,
        provider: "bedrock",
        slug: "aws",
        displayName: "AWS",
        last4: "",
        createdAt: new Date().toISOString(),
        awsRole: { arn: "arn:aws:iam::123456789012:role/silent", externalId: `concurred-${userId}` },
      });
    });
    const nothingUsed = { byok: true, inputTokens: 0, outputTokens: 0, costPicoUsd: 0n, estimated: false };
    const waited = { model, provider: "bedrock", status: null };

    it.each([false, true])("the next model serves in time, and only that is booked (streamed: %s)", async (stream) => {
      const body = { model, stream, timeout: 3_000, fallback: ["gpt-5.2"] };
      const answer = await gateway().ask(caller, body, uncached);
      expect([answer.status, answer.headers["x-model-used"]], answer.text).toEqual([200, "gpt-5.2"]);
      expect(asked).toBeGreaterThan(0);
      expect(asked).toBeLessThan(callsUntilItGivesUp);
      const attempts = [
        { ...waited, result: "timeout" },
        { model: "gpt-5.2", result: "ok" },
      ];
      await expectBooked(caller, [{ ...ok, byok: false, estimated: false, attempts }]);
    });

    it.each([false, true])("the caller's own timeout ends the request (streamed: %s)", async (stream) => {
      const answer = await gateway().ask(caller, { model, stream, timeout: 1_000 }, uncached);
      expect([answer.status, errorOf(answer).code]).toEqual([504, "PROVIDER_TIMEOUT"]);
      expect(asked).toBeGreaterThan(0);
      expect(asked).toBeLessThan(callsUntilItGivesUp);
      await expectRecovery([{ ...timedOut, ...nothingUsed, attempts: [{ ...waited, result: "aborted" }] }]);
    });

    it("a cancel ends the request", async () => {
      whenAsked = async () => {
        const { open } = await readAdmission(caller.userId);
        for (const id of Object.keys(open as object)) await markCancelled(caller.userId, id);
      };
      const answer = await gateway().ask(caller, { model }, uncached);
      expect([answer.status, errorOf(answer).code]).toEqual([409, "CONFLICT"]);
      expect(asked).toBeLessThan(callsUntilItGivesUp);
      const attempts = [{ ...waited, result: "aborted" }];
      await expectRecovery([{ ...nothingUsed, status: "cancelled", attempts }]);
    });
  });
});
