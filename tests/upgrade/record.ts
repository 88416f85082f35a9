import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as z from "zod";
import { makeApiKeys, makeBannedUser, makeProviderKeys } from "./record/accounts.ts";
import { Recorder } from "./record/recorder.ts";
import { lastJob, onceRequests, openRequest, plainRequests, prompt, slowRequest } from "./record/requests.ts";
import { startScriptedXai } from "./record/scripted-xai.ts";
import { writeFixtures } from "./record/write-fixtures.ts";

/**
 * Records the fixtures of one version, by hand: `node tests/upgrade/record.ts <checkout of that version>`. See README.md.
 * It drives that version's `npm start` and keeps what is left in the data folder. It takes about seven minutes: a killed
 * request is swept only once the longest run of its function is over.
 */

const [checkoutGiven] = process.argv.slice(2);
if (checkoutGiven === undefined) throw new Error("Usage: node tests/upgrade/record.ts <checkout>");
const checkout = resolve(checkoutGiven);
const commit = execFileSync("git", ["-C", checkout, "rev-parse", "--short=7", "HEAD"]).toString().trim();

const sweptAfterMs = 420_000;
const dayMs = 86_400_000;
const recordingMs = 900_000;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const startedAtMs = Date.now();
if (dayMs - (startedAtMs % dayMs) < recordingMs) throw new Error("A recording is of one UTC day: wait for midnight.");
const day = new Date(startedAtMs).toISOString().slice(0, 10);

const dataDir = await mkdtemp(join(tmpdir(), "concurred-upgrade-"));
const xai = await startScriptedXai();
const recorder = await Recorder.start({
  checkout,
  dataDir,
  env: { RATE_LIMIT_SCALE: "100", SCHEDULE_SCALE: "30", XAI_BASE_URL: `${xai.url}/v1`, XAI_API_KEY: "xai-platform" },
});
const { local, user } = recorder.gateway.ready;
const apiKeys = await makeApiKeys(recorder.gateway);
const { apiKey: bannedKey, ...banned } = await makeBannedUser(recorder.gateway);
recorder.apiKey = apiKeys.plain.key;

// Killed first, so that it is swept while the rest is recorded.
const abandoned = await recorder.leaveOpen(openRequest("abandoned"));
await recorder.killAndRestart();
say(`Recording ${commit}`);

const providerKeys = await makeProviderKeys(recorder.gateway);
await recorder.gateway.addPrompt(prompt);
for (const request of onceRequests) {
  const { status } = await recorder.record(request, { "idempotency-key": request.name });
  say(`  ${status} ${request.name}`);
}
for (const request of plainRequests) {
  const { status } = await recorder.record(request);
  say(`  ${status} ${request.name}`);
}
const cancelled = await recorder.leaveOpen(slowRequest("cancelled"));
await recorder.cancel(cancelled);

// Jobs are asked about until each is where a fixture of it is wanted.
const jobStatus = async (name: string): Promise<string> => {
  const id = recorder.jobIds[name] ?? "";
  const path = name.startsWith("fashion") ? `/api/v1/fashion/status/${id}` : `/api/v1/video/status?id=${id}`;
  return z.object({ status: z.string() }).parse(await recorder.read(path)).status;
};
for (const [name, wanted] of [
  ["video", "completed"],
  ["own-key-video", "completed"],
  ["fashion", "failed"],
  ["fashion-held", "completed"],
  ["fashion-running", "processing"],
  ["video-running", "processing"],
] as const) {
  await recorder.until(`${name} is ${wanted}`, async () => (await jobStatus(name)) === wanted);
}
await recorder.until("a webhook was tried", async () =>
  (await recorder.rows("jobs")).some(({ webhookTries }) => Number(webhookTries?.N) > 0),
);
await recorder.gateway.operate("disable-user", [banned.userId]);
say("Waiting until the killed request is swept: about six minutes");
const isSettled = async (id: string): Promise<boolean> =>
  (await recorder.rows("usage")).some(({ requestId, status }) => requestId?.S === id && status?.S !== "open");
await recorder.until("the killed request is swept", () => isSettled(abandoned), sweptAfterMs);

// What a power cut leaves: a job that nobody asked about, two open requests, one of them being cancelled.
await recorder.record(lastJob);
const killed = await recorder.leaveOpen(openRequest("killed"));
const cancelling = await recorder.leaveOpen(openRequest("cancelling"));
await recorder.until("every settled row is in the sums", async () => {
  const settled = (await recorder.rows("usage")).filter(({ status }) => status?.S !== "open");
  const marks = (await recorder.rows("rollups")).filter(({ pk }) => pk?.S?.startsWith("ROLLED_UP#"));
  return marks.length === settled.length;
});
const usage = await recorder.read(`/api/v1/usage?from=${day}&to=${day}`);
const jobs = await recorder.read("/api/v1/jobs");
await recorder.cancel(cancelling);
await recorder.gateway.kill();
const recordedAtMs = Date.now();
xai.close();

const { exchanges, jobIds, webhookSecrets } = recorder;
await writeFixtures({
  checkout,
  dataDir,
  output: join(import.meta.dirname, "fixtures", commit),
  tableNames: local.tableNames,
  recording: {
    commit,
    recordedAtMs,
    day,
    owner: { userId: local.userId, ...user },
    banned,
    apiKeys: { ...apiKeys, banned: bannedKey },
    providerKeys,
    requestIds: { abandoned, cancelled, killed, cancelling },
    jobIds,
    webhookSecrets,
    exchanges,
    usage,
    jobs,
  },
});
await rm(dataDir, { recursive: true, force: true });
say(`Recorded ${commit}`);
