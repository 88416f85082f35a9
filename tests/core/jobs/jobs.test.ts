import { randomUUID } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listDeliveries } from "#core/db/deliveries.ts";
import { type JobRow, listJobs, putJob, readJob, reschedule } from "#core/db/jobs.ts";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { putOpenUsage } from "#core/db/usage-events.ts";
import { newSigningSecret } from "#core/deliveries/destination.ts";
import { sendDueDeliveries } from "#core/deliveries/send-due.ts";
import { newId } from "#core/ids.ts";
import { expediteJobs } from "#core/jobs/expedite-jobs.ts";
import { secretContext } from "#core/jobs/job-delivery.ts";
import { maxJobMs } from "#core/jobs/job-times.ts";
import { pollDueJobs } from "#core/jobs/poll-due-jobs.ts";
import { pollEveryMs, pollJob } from "#core/jobs/poll-job.ts";
import { type SimulatedProviders, startSimulatedProviders } from "#infra/local/providers/simulated-providers.ts";
import { useKms } from "#tests/accounts/support/stand-ins.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { type HttpsServer, hasOpenssl, startHttpsServer } from "./https-server.ts";

const signal = new AbortController().signal;
const here = (address: string): boolean => address === "127.0.0.1" || address === "::1";

describe.skipIf(!hasTables || !hasOpenssl)(`jobs (${tablesName}, openssl)`, () => {
  useTables();
  useKms();
  let providers: SimulatedProviders;
  let server: HttpsServer;

  beforeAll(async () => {
    providers = await startSimulatedProviders();
    process.env.FASHN_BASE_URL = providers.baseUrls.fashn;
    process.env.SST_RESOURCE_FashnApiKey = JSON.stringify({ value: "platform-key" });
    server = await startHttpsServer();
  });
  beforeEach(() => {
    server.deliveries.length = 0;
    server.answer = { status: 200 };
    providers.clearRequests();
  });
  afterAll(async () => {
    await providers.close();
    await server.close();
  });

  const options = (nowMs = Date.now()) => ({ allows: here, ca: server.ca, nowMs });

  /** A run at the simulated FASHN and the rows that starting it leaves. */
  const startedJob = async (directive: string, changes: Partial<JobRow> & { webhook?: JobRow["webhook"] } = {}) => {
    const response = await fetch(`${providers.baseUrls.fashn}/run`, {
      method: "POST",
      headers: { authorization: "Bearer platform-key", "content-type": "application/json" },
      body: JSON.stringify({
        model_name: "reframe",
        inputs: { image: `https://images.example.com/a.png#[[simulate:${directive}]]` },
      }),
    });
    const { id: fashnId } = (await response.json()) as { id: string };
    const nowMs = Date.now();
    const row: JobRow = {
      id: newId("job"),
      userId: `user_${randomUUID()}`,
      kind: "fashion",
      model: "reframe",
      provider: "fashn",
      simulated: true,
      ticket: { id: fashnId },
      status: "queued",
      createdAt: nowMs,
      byok: false,
      usage: {
        day: utcDay(nowMs),
        requestId: newId("request"),
        unit: "credits",
        units: 2,
        costPicoUsd: 150_000_000_000n,
        bookedPicoUsd: 150_000_000_000n,
        attempts: [],
      },
      polledAt: 0,
      webhookTries: 0,
      webhookHeldUntil: 0,
      expiresAt: Math.floor(nowMs / 1_000) + 86_400,
      ...changes,
    };
    await putJob(row, nowMs - 1_000);
    const { userId, usage, model, provider } = row;
    await putOpenUsage({
      userId,
      day: usage.day,
      requestId: usage.requestId,
      generation: 0,
      route: "FashionRun",
      keyId: "key_1",
      model,
      provider,
      byok: false,
      streamed: false,
      startedAt: nowMs,
      reservedPicoUsd: usage.bookedPicoUsd,
      openUntil: Math.ceil(nowMs / 1_000) + 7_200,
    });
    return row;
  };

  const withWebhook = async (directive: string, path = "/hook") => {
    const id = newId("job");
    const userId = `user_${randomUUID()}`;
    const { secret, sealed } = await newSigningSecret(userId, secretContext(id));
    const webhook = { url: `${server.url}${path}`, secret: sealed };
    return { secret, row: await startedJob(directive, { id, userId, webhook, webhookState: "waiting" }) };
  };

  /** The poller's run and the deliveries' one after it. */
  const run = async (nowMs = Date.now(), how = options(nowMs)): Promise<void> => {
    await pollDueJobs(signal, nowMs);
    await sendDueDeliveries(signal, how);
  };
  const deliveryOf = async ({ userId }: JobRow) => {
    const { pending, ended } = await listDeliveries(userId, 10);
    expect(pending.length + ended.length).toBe(1);
    return pending[0] ?? ended[0];
  };

  const now = async ({ userId, id }: JobRow): Promise<JobRow> => {
    const row = await readJob(userId, id, Date.now());
    if (row === undefined) throw new Error("The job is gone");
    return row;
  };
  const usageOf = ({ userId, usage }: JobRow) =>
    getItem("usage", rowKeys.usageEvent(userId, usage.day, usage.requestId, 0), { consistent: true });
  const asked = ({ ticket }: JobRow) => providers.requests().filter(({ path }) => path === `/v1/status/${ticket.id}`);

  it("that nobody asks about are ended and settled by the scheduled poller", async () => {
    const row = await startedJob("polls=0");
    await pollDueJobs(signal, Date.now());
    expect(await now(row)).toMatchObject({ status: "completed", output: [{ contentType: "image/png" }] });
    expect((await now(row)).dueAt).toBeUndefined();
    expect(await usageOf(row)).toMatchObject({ status: "ok", unit: "credits", units: 2 });
    // Nothing is left to do: the next run does not find it.
    providers.clearRequests();
    await pollDueJobs(signal, Date.now() + 3_600_000);
    expect(asked(row)).toHaveLength(0);
  });

  it("that go on are put off, and asked about again later", async () => {
    const row = await startedJob("polls=3");
    await pollDueJobs(signal, Date.now());
    const after = await now(row);
    expect(after).toMatchObject({ status: "queued", detail: "in_queue" });
    expect(Number(after.dueAt) * 1_000).toBeGreaterThan(Date.now());
  });

  /** The quote, since nobody saw what it came to. */
  const unseen = { status: "error", units: 2, costPicoUsd: 150_000_000_000, estimated: true };

  it("end after two hours, whatever their provider says, and keep their quote", async () => {
    const row = await startedJob("polls=99", { createdAt: Date.now() - maxJobMs - 1 });
    await pollDueJobs(signal, Date.now());
    expect(await now(row)).toMatchObject({ status: "failed", error: { name: "JobTimeout" } });
    expect(await usageOf(row)).toMatchObject(unseen);
  });

  it.each([
    ["their provider is out of reach", {}, "http://127.0.0.1:9"],
    ["the key that started them is gone", { byok: true, providerKeyId: "pk_gone" }, undefined],
  ])("end after two hours also when %s", async (_, changes, baseUrl) => {
    const row = await startedJob("polls=0", { createdAt: Date.now() - maxJobMs - 1, ...changes });
    const young = await startedJob("polls=0", changes);
    if (baseUrl !== undefined) process.env.FASHN_BASE_URL = baseUrl;
    try {
      await pollDueJobs(signal, Date.now());
    } finally {
      process.env.FASHN_BASE_URL = providers.baseUrls.fashn;
    }
    expect(await now(row)).toMatchObject({ status: "failed", error: { name: "JobTimeout" } });
    expect(await usageOf(row)).toMatchObject(unseen);
    expect((await now(young)).status).toBe("queued");
  });

  it("that their provider forgot are failed, and keep their quote", async () => {
    const row = await startedJob("polls=0", { ticket: { id: "forgotten" } });
    await pollDueJobs(signal, Date.now());
    expect(await now(row)).toMatchObject({ status: "failed", error: { name: "NotFound" } });
    expect(await usageOf(row)).toMatchObject(unseen);
  });

  it("are asked about once in a turn, and settled once, by however many at once", async () => {
    const row = await startedJob("polls=0");
    const nowMs = Date.now();
    const polled = await Promise.all(Array.from({ length: 8 }, () => pollJob(row, signal, nowMs)));
    expect(asked(row)).toHaveLength(1);
    expect(polled.filter(({ justEnded }) => justEnded)).toHaveLength(1);
    const running = await startedJob("polls=9");
    const first = await pollJob(running, signal, nowMs);
    await pollJob(first.row, signal, nowMs + pollEveryMs - 1);
    expect(asked(running)).toHaveLength(1);
    await pollJob(first.row, signal, nowMs + pollEveryMs);
    expect(asked(running)).toHaveLength(2);
  });

  it("keep what was known when their provider is out of reach", async () => {
    const row = await startedJob("polls=0");
    const { FASHN_BASE_URL } = process.env;
    process.env.FASHN_BASE_URL = "http://127.0.0.1:1/v1";
    try {
      expect(await pollJob(row, signal)).toMatchObject({ stale: true, justEnded: false, row: { status: "queued" } });
    } finally {
      process.env.FASHN_BASE_URL = FASHN_BASE_URL;
    }
  });

  it("are listed newest first, their owner's only", async () => {
    const first = await startedJob("polls=0");
    const second = await startedJob("polls=0", { userId: first.userId });
    await startedJob("polls=0");
    expect((await listJobs(first.userId, { limit: 10 }, Date.now())).map(({ id }) => id)).toEqual([
      second.id,
      first.id,
    ]);
  });

  it("are listed page by page, and what is before another user's job is still one's own", async () => {
    const first = await startedJob("polls=0");
    const own = { userId: first.userId };
    const second = await startedJob("polls=0", own);
    const foreign = await startedJob("polls=0");
    const third = await startedJob("polls=0", own);
    const page = async (limit: number, before?: string) =>
      (await listJobs(first.userId, { limit, before }, Date.now())).map(({ id }) => id);
    expect(await page(2)).toEqual([third.id, second.id]);
    expect(await page(2, second.id)).toEqual([first.id]);
    expect(await page(2, first.id)).toEqual([]);
    expect(await page(9, foreign.id)).toEqual([second.id, first.id]);
  });

  it("that somebody looks at in a list are asked about at the poller's next run, ended and soon due ones are left", async () => {
    const nowMs = Date.now();
    const later = String(Math.ceil((nowMs + 1_800_000) / 1_000));
    const soon = String(Math.ceil((nowMs + 30_000) / 1_000));
    const row = await startedJob("polls=0");
    const due = async (job: JobRow, dueAt: string) => {
      await reschedule(job, Number(dueAt) * 1_000);
      await expediteJobs([await now(job)], nowMs);
      return (await now(job)).dueAt;
    };
    expect(await due(row, soon)).toBe(soon);
    expect(Number(await due(row, later)) * 1_000).toBeLessThanOrEqual(nowMs + 1_000);
    await pollDueJobs(signal, nowMs + 1_000);
    expect((await now(row)).status).toBe("completed");
    await expediteJobs([await now(row)], nowMs);
    expect((await now(row)).dueAt).toBeUndefined();
  });

  describe("with a webhook", () => {
    it("tell it their end once, signed so that the standard library takes it", async () => {
      const { row, secret } = await withWebhook("polls=0");
      await Promise.all([run(), run()]);
      await run(Date.now() + 1_000);
      expect(server.deliveries).toHaveLength(1);
      const [{ headers, body } = { headers: {}, body: "" }] = server.deliveries;
      const told = new Webhook(secret).verify(body, headers as Record<string, string>);
      expect(told).toMatchObject({
        type: "job.completed",
        data: { id: row.id, status: "completed", model: "reframe", output: [{ contentType: "image/png" }] },
      });
      expect(() => new Webhook(secret).verify(body.replace("completed", "failed"), headers as never)).toThrow();
      expect(await deliveryOf(row)).toMatchObject({ kind: "job", state: "delivered", tries: 1, lastStatus: 200 });
      expect((await now(row)).webhookState).toBeUndefined();
    });

    it("tell a failure with its name", async () => {
      await withWebhook("polls=0 fail=PoseError");
      await run();
      expect(JSON.parse(server.deliveries[0]?.body ?? "{}")).toMatchObject({
        type: "job.failed",
        data: { status: "failed", error: { name: "PoseError" } },
      });
    });

    it("have their delivery written with their end, by whichever of several calls saw it", async () => {
      const { row } = await withWebhook("polls=0");
      const nowMs = Date.now();
      await Promise.all(Array.from({ length: 6 }, () => pollJob(row, signal, nowMs)));
      expect(await deliveryOf(row)).toMatchObject({ state: "pending", tries: 0, messageId: `msg_${row.id.slice(4)}` });
    });

    it("are told of by a function of 0.1.0 that ended them: the delivery is carried on, once it has let go", async () => {
      const { row } = await withWebhook("polls=0");
      const nowMs = Date.now();
      const ofOldVersion = {
        status: "completed",
        finishedAt: nowMs,
        webhookTries: 3,
        webhookHeldUntil: nowMs + 60_000,
      };
      await putJob({ ...(await now(row)), ...ofOldVersion } as JobRow, nowMs - 1_000);
      const told = () => server.deliveries.filter(({ body }) => body.includes(row.id));
      await run();
      expect(told()).toHaveLength(0);
      await Promise.all([run(nowMs + 61_000), run(nowMs + 61_000)]);
      expect(told()).toHaveLength(1);
      expect(told()[0]?.headers["webhook-id"]).toBe(`msg_${row.id.slice(4)}`);
      expect(await deliveryOf(row)).toMatchObject({ state: "delivered", tries: 4 });
      expect((await now(row)).dueAt).toBeUndefined();
    });

    it("keep its secret sealed", async () => {
      const { row, secret } = await withWebhook("polls=0");
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/);
      await pollDueJobs(signal, Date.now());
      const items = [await getItem("jobs", rowKeys.job(row.userId, row.id)), await deliveryOf(row)];
      expect(JSON.stringify(items, (_, value) => (typeof value === "bigint" ? String(value) : value))).not.toContain(
        secret.slice("whsec_".length),
      );
      await sendDueDeliveries(signal, options());
      expect(await deliveryOf(row)).not.toHaveProperty("secret.ciphertext");
    });
  });
});
