import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { handler as runFashion } from "#functions/fashion-run.ts";
import { type HttpReply, request } from "#tests/accounts/support/gateway.ts";
import type { Caller, Play } from "#tests/core/support/chat-gateway.ts";
import { muteLog, openStream } from "#tests/core/support/lambda.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { admissionOf, eventsOf, expectBooked, mend, useFaultyGateway } from "./support/gateway.ts";
import { breaking, throttled } from "./support/table-faults.ts";
import { answering } from "./support/wires.ts";

muteLog();

const json = { "content-type": "application/json" };
const priceOfTwoCredits = 150_000_000_000n;

/** Plays one answer with its status. */
const saying =
  (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Play =>
  (response) =>
    void response.writeHead(status, { ...json, ...headers }).end(body);
const resetting: Play = (response) => void response.socket?.resetAndDestroy();
const cutting: Play = (response) => {
  response.writeHead(200, { ...json, "content-length": "500" });
  response.write('{"id":"a', () => response.socket?.resetAndDestroy());
};

interface Fault {
  readonly name: string;
  readonly play: Play;
  readonly status: number;
  /** How often a job is asked for: once where the provider may have done the work. */
  readonly times: number;
  /** The provider itself refused, and bills nothing. */
  readonly refused: boolean;
}

const broken = (name: string, play: Play): Fault => ({ name, play, status: 502, times: 1, refused: false });

/** Faults of a provider that answers in one body. */
const faults: readonly Fault[] = [
  broken("resets the connection", resetting),
  broken("cuts its body", cutting),
  broken("answers garbage", saying(200, "<html>")),
  broken("answers 200 without what was asked for", saying(200, '{"error":"no room"}')),
  { name: "answers 500", play: saying(500, "{}"), status: 502, times: 1, refused: true },
  { name: "answers 429", play: saying(429, "{}", { "retry-after": "0" }), status: 429, times: 3, refused: true },
];

describe.skipIf(!hasTables)(`faults beside chat (${tablesName})`, () => {
  const gateway = useFaultyGateway();
  let caller: Caller;
  beforeAll(() => {
    process.env.FASHN_BASE_URL = gateway().provider.url;
    process.env.SST_RESOURCE_FashnApiKey = JSON.stringify({ value: "fashn-platform" });
  });
  beforeEach(async () => {
    caller = await gateway().createCaller();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const call = (method: string, path: string, body?: object, { key } = caller): Promise<HttpReply> =>
    request({
      method,
      path: `/api/v1${path}`,
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { body }),
    });
  /** Without the code's own status: a provider's 429 stays one. */
  const codeOf = (reply: HttpReply): string => reply.json<{ error: { code: string } }>().error.code;

  describe("a job", () => {
    const body = { model_name: "reframe", inputs: { image: "https://images.example.com/a.png" } };
    const run = (who = caller): Promise<HttpReply> => call("POST", "/fashion/run", body, who);
    const started = saying(200, '{"id":"fashn-1","error":null}');
    const failed = saying(200, '{"status":"failed","error":{"name":"ProcessingError","message":"no"}}');
    const status = (id: string): Promise<HttpReply> => call("GET", `/fashion/status/${id}`);
    /** The writes that book a job's end. */
    const atItsEnd = ["keys:UpdateItem", "TransactWriteItems"];
    /** A job that its provider will say has failed: what was booked for it is to be given back. */
    const startFailing = async (): Promise<string> => {
      gateway().play = started;
      const { id } = (await run()).data<{ id: string }>();
      expect(await admissionOf(caller)).toEqual({ open: 0, spentPicoUsd: priceOfTwoCredits });
      gateway().play = failed;
      return id;
    };

    it.each(faults)(
      "whose provider $name is told, not asked for twice, is booked at its quote unless it was refused, and the next one starts",
      async ({ play, status: code, times, refused }) => {
        // Leaves a connection behind, on which a reset says nothing of whether the work has begun.
        gateway().play = started;
        await run(await gateway().createCaller());
        gateway().play = play;
        const reply = await run();
        expect({ status: reply.status, code: codeOf(reply) }).toEqual({ status: code, code: "PROVIDER_ERROR" });
        expect(gateway().asked).toBe(1 + times);
        const booked = refused
          ? { costPicoUsd: 0n, estimated: false }
          : { costPicoUsd: priceOfTwoCredits, estimated: true };
        await expectBooked(caller, [{ status: "error", code: "PROVIDER_ERROR", ...booked }]);
        gateway().play = started;
        expect((await run()).status).toBe(200);
        expect((await admissionOf(caller)).open).toBe(0);
      },
    );

    it("whose provider is silent ends with the function's time", async () => {
      gateway().play = () => undefined;
      const options = {
        method: "POST",
        path: "/api/v1/fashion/run",
        headers: { Authorization: `Bearer ${caller.key}` },
      };
      const { response, returned } = openStream(runFashion, { ...options, body }, 3_500);
      response.resume();
      await returned;
      expect(response.metadata?.statusCode).toBe(504);
      await expectBooked(caller, [{ status: "error", code: "PROVIDER_TIMEOUT", costPicoUsd: priceOfTwoCredits }]);
    });

    it("that was started but could not be noted is a 503, metered at its price as an estimate: its provider works", async () => {
      gateway().play = started;
      gateway().dynamoDb.intercept = breaking(throttled, ["jobs:PutItem"]);
      const reply = await run();
      mend(gateway());
      expect(reply.error().code).toBe("SERVICE_UNAVAILABLE");
      await expectBooked(caller, [{ status: "error", estimated: true, costPicoUsd: priceOfTwoCredits }]);
    });

    const once = (): Promise<HttpReply> =>
      request({
        method: "POST",
        path: "/api/v1/fashion/run",
        headers: { authorization: `Bearer ${caller.key}`, "idempotency-key": "once" },
        body,
      });
    const handedOver = { code: "CONFLICT", details: { done: true, handedOver: true } };

    it("that was started but could not be noted is not started again under its Idempotency-Key", async () => {
      gateway().play = started;
      gateway().dynamoDb.intercept = breaking(throttled, ["jobs:PutItem"]);
      expect((await once()).error().code).toBe("SERVICE_UNAVAILABLE");
      mend(gateway());
      const again = await once();
      expect(again.error()).toMatchObject(handedOver);
      expect(again.headers["x-should-retry"]).toBe("false");
      expect(gateway().asked).toBe(1);
    });

    it("whose start got an answer that nobody can read is not started again under its Idempotency-Key", async () => {
      gateway().play = saying(200, "<html>");
      expect((await once()).error().code).toBe("PROVIDER_ERROR");
      gateway().play = started;
      expect((await once()).error()).toMatchObject(handedOver);
      expect(gateway().asked).toBe(1);
    });

    it("whose function was killed at its start is not started again under its Idempotency-Key", async () => {
      let asked: () => void = () => undefined;
      let answer: () => void = () => undefined;
      const sent = new Promise<void>((resolve) => {
        asked = resolve;
      });
      gateway().play = (response, call) => {
        answer = () => void started(response, call);
        asked();
      };
      // What a kill leaves is what is there when the work has been sent.
      const killed = once();
      await sent;
      const running = await once();
      expect([running.error().code, running.headers["retry-after"]]).toEqual(["CONFLICT", "2"]);
      const atOnce = Date.now();
      vi.useFakeTimers({ toFake: ["Date"] });
      for (const hours of [1, 23]) {
        vi.setSystemTime(atOnce + hours * 3_600_000);
        expect((await once()).error()).toMatchObject(handedOver);
      }
      expect(gateway().asked).toBe(1);
      vi.useRealTimers();
      answer();
      expect((await killed).status).toBe(200);
    });

    it("is not sent where its Idempotency-Key cannot be noted as in use", async () => {
      let puts = 0;
      gateway().dynamoDb.intercept = (call) => {
        const isLease = operationOf(call) === "PutItem" && call.body.includes("IDEMPOTENCY#");
        if (isLease) puts += 1;
        return isLease && puts > 1 ? throttled : undefined;
      };
      expect((await once()).error().code).toBe("SERVICE_UNAVAILABLE");
      expect(gateway().asked).toBe(0);
    });

    it("that its provider refused may be started again under its Idempotency-Key", async () => {
      gateway().play = saying(500, "{}");
      expect((await once()).status).toBe(502);
      gateway().play = started;
      expect((await once()).status).toBe(200);
    });

    it("that failed gives its money back once, though the answers to its end are lost", async () => {
      const id = await startFailing();
      gateway().dynamoDb.intercept = breaking({ kind: "lose-answer" }, atItsEnd, 1);
      expect((await status(id)).data()).toMatchObject({ status: "failed" });
      mend(gateway());
      await expectBooked(caller, [{ status: "error", costPicoUsd: 0n }]);
    });

    it("that failed while DynamoDB was throttled gives its money back when it is asked about again", async () => {
      const id = await startFailing();
      gateway().dynamoDb.intercept = breaking(throttled, atItsEnd);
      expect((await status(id)).error().code).toBe("SERVICE_UNAVAILABLE");
      mend(gateway());
      expect((await eventsOf(caller)).map((event) => event.status)).toEqual(["open"]);
      // A provider is asked about a job every two seconds at most.
      vi.useFakeTimers({ toFake: ["Date"] });
      vi.setSystemTime(Date.now() + 2_500);
      expect((await status(id)).data()).toMatchObject({ status: "failed" });
      await expectBooked(caller, [{ status: "error", costPicoUsd: 0n }]);
    });
  });

  describe("embeddings", () => {
    const embed = (): Promise<HttpReply> =>
      call("POST", "/embeddings", { model: "text-embedding-3-small", input: "Hello" });
    const whole = saying(
      200,
      JSON.stringify({
        object: "list",
        model: "text-embedding-3-small",
        data: [{ object: "embedding", index: 0, embedding: [0.1, 0.2] }],
        usage: { prompt_tokens: 10, total_tokens: 10 },
      }),
    );

    it.each(faults)(
      "whose provider $name are told as such, count their input unless they were refused, and the next ones come",
      async ({ play, refused }) => {
        gateway().play = play;
        const reply = await embed();
        expect(reply.status).toBeGreaterThanOrEqual(429);
        expect(["MODEL_UNAVAILABLE", "PROVIDER_ERROR"]).toContain(codeOf(reply));
        gateway().play = whole;
        expect((await embed()).status).toBe(200);
        await expectBooked(caller, [
          refused ? { status: "error", costPicoUsd: 0n } : { status: "error", estimated: true, outputTokens: 0 },
          { status: "ok", inputTokens: 10 },
        ]);
      },
    );
  });

  describe("a battle", () => {
    const models = ["gpt-4o-mini", "claude-sonnet-4-6"];
    const battle = (): Promise<HttpReply> => call("POST", "/battle", { message: "Hello", models });
    const answersOf = (reply: HttpReply) =>
      reply.data<{ answers: readonly { content: string | null; error: { code: string } | null }[] }>().answers;

    it("with one provider that breaks ends that agent only, and each call is metered once", async () => {
      const well = answering();
      gateway().play = (response, asked) =>
        asked.path.endsWith("/messages") ? resetting(response, asked) : well(response, asked);
      const [one, other] = answersOf(await battle());
      expect(one?.error).toBeNull();
      expect(other?.error?.code).toMatch(/PROVIDER_ERROR|MODEL_UNAVAILABLE/);
      await expectBooked(caller, [
        { generation: 0, status: "ok" },
        { generation: 1, status: "error" },
      ]);
    });

    it("whose calls cannot be put on record asks no provider: nothing is made that nobody meters", async () => {
      gateway().dynamoDb.intercept = breaking(throttled, ["usage:PutItem"]);
      const reply = await battle();
      mend(gateway());
      expect(reply.text).toContain("SERVICE_UNAVAILABLE");
      expect(gateway().asked).toBe(0);
      await expectBooked(caller, []);
      expect(answersOf(await battle()).map(({ error }) => error)).toEqual([null, null]);
    });
  });
});
