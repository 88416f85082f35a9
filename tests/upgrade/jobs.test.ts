import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { listDeliveries } from "#core/db/deliveries.ts";
import { type JobRow, listJobs, readJob } from "#core/db/jobs.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem, updateItem } from "#core/db/table.ts";
import { sendDueDeliveries } from "#core/deliveries/send-due.ts";
import { expediteJobs } from "#core/jobs/expedite-jobs.ts";
import { jobCredential } from "#core/jobs/job-credential.ts";
import { maxJobMs } from "#core/jobs/job-times.ts";
import { jobView } from "#core/jobs/job-view.ts";
import { pollDueJobs } from "#core/jobs/poll-due-jobs.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { type HttpsServer, hasOpenssl, startHttpsServer } from "#tests/core/jobs/https-server.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { type FakeProvider, startFakeProvider } from "#tests/support/fake-provider.ts";
import { part, versions } from "./recording.ts";
import { useRecording } from "./use-recording.ts";

const signal = new AbortController().signal;
const here = (address: string): boolean => address === "127.0.0.1" || address === "::1";
/** Every job that has something left to do is due by then. */
const laterMs = 1_200_000;
const dayMs = 86_400_000;
const videoUrl = "https://videos.example.com/a.mp4";
const videos = ["media-video", "video-running", "own-key-video-running"];
const runs = ["fashion-running", "fashion-webhook"];

/** The providers' own answers about a job, by the paths at which they are asked. */
const endings: Readonly<Record<"done" | "failed", readonly (readonly [RegExp, object])[]>> = {
  done: [
    [/^\/fashn\/status\//, { status: "completed", output: ["https://images.example.com/a.png"], error: null }],
    [/^\/minimax\/query\//, { status: "Success", file_id: "1", base_resp: { status_code: 0, status_msg: "success" } }],
    [/^\/minimax\/files\//, { file: { download_url: videoUrl }, base_resp: { status_code: 0, status_msg: "success" } }],
    [/^\/google\/interactions\//, { status: "completed", steps: [{ content: [{ type: "video", uri: videoUrl }] }] }],
    [/^\/fal\/.*\/status$/, { status: "COMPLETED" }],
    [/^\/fal\//, { video: { url: videoUrl, content_type: "video/mp4" } }],
  ],
  failed: [
    [/^\/fashn\/status\//, { status: "failed", output: null, error: { name: "PoseError", message: "No pose." } }],
    [/^\/minimax\/query\//, { status: "Fail", file_id: "", base_resp: { status_code: 0, status_msg: "success" } }],
    [/^\/google\/interactions\//, { status: "failed", error: { code: 400, message: "No." } }],
    [/^\/fal\/.*\/status$/, { status: "IN_PROGRESS" }],
  ],
};

describe.skipIf(!hasTables || !hasOpenssl).each(versions)(`jobs of %s (${tablesName}, openssl)`, (version) => {
  const recorded = useRecording(version, ["jobs", "usage", "keys", "providerKeys"]);
  captureLog();
  let provider: FakeProvider;
  let server: HttpsServer;
  let ending: keyof typeof endings;

  beforeAll(async () => {
    provider = await startFakeProvider(({ path }, response) => {
      const [, answer] = endings[ending].find(([pattern]) => pattern.test(path)) ?? [];
      response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? { detail: "Not found" }));
    });
    for (const name of ["FASHN", "MINIMAX", "GOOGLE", "FAL"])
      process.env[`${name}_BASE_URL`] = `${provider.url}/${name.toLowerCase()}`;
    for (const name of ["FashnApiKey", "MinimaxApiKey", "GoogleApiKey", "FalApiKey"]) {
      process.env[`SST_RESOURCE_${name}`] = JSON.stringify({ value: "platform-key" });
    }
    server = await startHttpsServer();
  });
  beforeEach(async () => {
    ending = "done";
    server.deliveries.length = 0;
    // The simulated fal and the owner's server were elsewhere: where they are is all that is changed.
    for (const name of ["fashion-webhook", "fashion-undelivered"]) {
      await updateItem("jobs", keyOf(name), "SET webhook.#url = :url", {
        names: { "#url": "url" },
        values: { ":url": `${server.url}/webhooks` },
      });
    }
    const { ticket } = await job("video-running");
    const moved = Object.entries(ticket).map(
      ([name, url]) => [name, `${provider.url}${new URL(url).pathname}`] as const,
    );
    await updateItem("jobs", keyOf("video-running"), "SET ticket = :ticket", {
      values: { ":ticket": Object.fromEntries(moved) },
    });
  });
  afterAll(async () => {
    await provider.close();
    await server.close();
  });

  const owner = () => recorded().recording.owner.userId;
  const idOf = (name: string): string => part(recorded().recording.jobIds, name);
  const keyOf = (name: string) => rowKeys.job(owner(), idOf(name));
  const job = async (name: string): Promise<JobRow> => {
    const row = await readJob(owner(), idOf(name), Date.now());
    if (row === undefined) throw new Error(`The job ${name} is gone`);
    return row;
  };
  const usageOf = ({ usage }: JobRow) =>
    getItem("usage", rowKeys.usageEvent(owner(), usage.day, usage.requestId, 0), { consistent: true });
  const spend = async (): Promise<bigint> => {
    const row = await getItem("keys", rowKeys.admission(owner()), { consistent: true });
    return BigInt(String(row?.[`spend#${recorded().recording.day}`]));
  };
  const poll = async (afterMs = laterMs): Promise<number> => {
    vi.setSystemTime(recorded().recording.recordedAtMs + afterMs);
    const polled = await pollDueJobs(signal, Date.now());
    await sendDueDeliveries(signal, { allows: here, ca: server.ca });
    return polled;
  };

  it("are shown as their own version showed them, newest first", async () => {
    const { jobs, recordedAtMs } = recorded().recording;
    const rows = await listJobs(owner(), { limit: 100 }, recordedAtMs);
    const views = rows.map((row) => jobView(row, recordedAtMs));
    expect(views.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
    // A webhook's delivery or a poll may have come after the list was read, but changes none of this.
    expect(views).toMatchObject(jobs);
  });

  it("are not shown after their seven days", async () => {
    expect(await listJobs(owner(), { limit: 100 }, recorded().recording.recordedAtMs + 8 * dayMs)).toEqual([]);
  });

  it("that still run are polled, ended and settled at what was quoted", async () => {
    const before = await spend();
    await poll();
    for (const name of videos) {
      const row = await job(name);
      expect(row).toMatchObject({ status: "completed", output: [{ url: videoUrl, contentType: "video/mp4" }] });
      const { unit, units, costPicoUsd } = row.usage;
      expect(await usageOf(row)).toMatchObject({
        status: "ok",
        byok: row.byok,
        unit,
        units,
        costPicoUsd: Number(costPicoUsd),
      });
    }
    for (const name of runs) {
      const row = await job(name);
      expect(row).toMatchObject({ status: "completed", output: [{ contentType: "image/png" }] });
      expect(await usageOf(row)).toMatchObject({
        status: "ok",
        unit: "credits",
        units: 2,
        costPicoUsd: 150_000_000_000,
      });
    }
    expect(await spend()).toBe(before);
    expect(await poll(laterMs + 3_600_000)).toBe(0);
  });

  it("are asked about with the key that started them", async () => {
    const { apiKey } = part(recorded().recording.providerKeys, "google");
    expect(await jobCredential(await job("own-key-video-running"))).toMatchObject({ apiKey, byok: true });
    await poll();
    const asked = provider.requests.filter(({ path }) => path.startsWith("/google/"));
    expect(asked.at(-1)?.headers["x-goog-api-key"]).toBe(apiKey);
  });

  it("that fail give back what was booked, whichever kind they are of", async () => {
    const before = await spend();
    ending = "failed";
    const failing = await Promise.all(["media-video", ...runs].map(job));
    await poll();
    for (const { id } of failing) {
      const row = await readJob(owner(), id, Date.now());
      expect(row).toMatchObject({ status: "failed", usage: { units: 0, costPicoUsd: 0n } });
      if (row !== undefined) expect(await usageOf(row)).toMatchObject({ status: "error", units: 0, costPicoUsd: 0 });
    }
    const booked = failing.reduce((sum, { usage }) => sum + usage.bookedPicoUsd, 0n);
    expect(booked).toBeGreaterThan(0n);
    expect(await spend()).toBe(before - booked);
    expect(await job("video-running")).toMatchObject({ status: "processing" });
    expect(await job("own-key-video-running")).toMatchObject({ status: "failed", error: { message: "No." } });
  });

  it("end two hours after they were started", async () => {
    ending = "failed";
    await poll(maxJobMs + 600_000);
    expect(await job("video-running")).toMatchObject({ status: "failed", error: { name: "JobTimeout" } });
  });

  it("deliver their webhooks, first tries and later ones, signed with the secret that was shown then", async () => {
    await poll();
    for (const name of ["fashion-webhook", "fashion-undelivered"]) {
      const delivery = server.deliveries.find(({ body }) => body.includes(idOf(name)));
      const secret = part(recorded().recording.webhookSecrets, name);
      const headers = Object.fromEntries(
        Object.entries(delivery?.headers ?? {}).map(([header, value]) => [header, String(value)]),
      );
      expect(new Webhook(secret).verify(delivery?.body ?? "", headers)).toMatchObject({
        type: "job.completed",
        data: { id: idOf(name), status: "completed" },
      });
      expect(headers["webhook-id"]).toBe(`msg_${idOf(name).slice("job_".length)}`);
      expect((await job(name)).webhookState).toBeUndefined();
    }
    expect(server.deliveries).toHaveLength(2);
    const { pending, ended } = await listDeliveries(owner(), 10);
    expect(pending).toEqual([]);
    expect(ended.map(({ state }) => state)).toEqual(["delivered", "delivered"]);
  });

  it("become due when somebody looks at their list", async () => {
    const nowMs = recorded().recording.recordedAtMs;
    const rows = await listJobs(owner(), { limit: 100 }, nowMs);
    await expediteJobs(rows, nowMs);
    for (const name of videos) expect(Number((await job(name)).dueAt) * 1_000).toBeLessThanOrEqual(nowMs + 60_000);
  });
});
