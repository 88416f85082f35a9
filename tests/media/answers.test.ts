import { describe, expect, it } from "vitest";
import type * as z from "zod";
import * as answers from "#core/schemas/media-answers.ts";
import { Browser } from "#tests/accounts/support/gateway.ts";
import type { Reply } from "#tests/e2e/client.ts";
import { eventually, useStandardCloud } from "#tests/support/cloud.ts";
import { Caller, dataOf, eventsOf, type Job, pngDataUrl } from "./support.ts";

const cloud = useStandardCloud();
const caller = (): Promise<Caller> => Caller.of(cloud());

const expectAs = (schema: z.ZodType, reply: Reply): void => {
  expect(reply.status, reply.text).toBe(200);
  expect(schema.safeParse(reply.json()).error?.issues ?? []).toEqual([]);
};

const photo = "https://images.example.com/a.png";
/** Public, and nothing answers there. */
const webhookUrl = "https://192.88.98.1/hook";

describe("every answer is as its schema in the OpenAPI document says", () => {
  it.each([
    ["/media/speech", { text: "Hello" }, answers.audioAnswer],
    ["/media/speech", { text: "Hello", output_format: "url" }, answers.audioAnswer],
    ["/media/music", { lyrics: "La" }, answers.audioAnswer],
    ["/media/image", { prompt: "A lake" }, answers.mediaImagesAnswer],
    ["/media/image", { prompt: "A lake", response_format: "base64" }, answers.mediaImagesAnswer],
    ["/media/video", { prompt: "A lake" }, answers.startedMediaVideoAnswer],
    ["/fashion/run", { model_name: "reframe", inputs: { image: photo } }, answers.startedFashionAnswer],
    ["/image/generate", { prompt: "A lake" }, answers.imagesAnswer],
    ["/image/edit", { prompt: "A lake", image_url: pngDataUrl }, answers.imagesAnswer],
    ["/video/generate", { prompt: "A lake" }, answers.startedVideoAnswer],
    ["/vision", { image_url: pngDataUrl }, answers.visionAnswer],
  ] as const)("POST %s %j", async (path, body, schema) => {
    expectAs(schema, await (await caller()).post(path, body));
  });

  it("GET the voices, and jobs that run, ended and failed", async () => {
    const user = await caller();
    expectAs(answers.voicesAnswer, await user.get("/media/voices"));
    const jobs = [
      ["/media/video", { prompt: "A lake" }, "/media/video/", answers.mediaVideoAnswer],
      ["/video/generate", { prompt: "A lake" }, "/video/status?id=", answers.videoAnswer],
      ["/video/generate", { model: "wan", prompt: "[[simulate: fail=no]]" }, "/video/status?id=", answers.videoAnswer],
      ["/fashion/run", { model_name: "reframe", inputs: { image: photo } }, "/fashion/status/", answers.fashionAnswer],
    ] as const;
    for (const [path, body, status, schema] of jobs) {
      const { id } = dataOf<Job>(await user.post(path, body));
      expectAs(schema, await user.get(`${status}${id}`));
      await user.ended(`${status}${id}`);
      expectAs(schema, await user.get(`${status}${id}`));
    }
    const list = await user.get("/jobs");
    expectAs(answers.jobListAnswer, list);
    expect(dataOf<Job[]>(list).map(({ status }) => status)).toEqual(["completed", "failed", "completed", "completed"]);
  });

  it("of the events too", async () => {
    const user = await caller();
    const streams = [
      ["/media/speech", { text: "Hello", stream: true }, answers.audioEventData],
      ["/vision", { image_url: pngDataUrl, stream: true }, answers.visionEventData],
      ["/fashion/subscribe", { model_name: "reframe", inputs: { image: photo } }, answers.fashionEventData],
    ] as const;
    for (const [path, body, schema] of streams) {
      const events = eventsOf((await user.post(path, body)).text);
      expect(events.length).toBeGreaterThan(1);
      for (const { name, data } of events) {
        expect(schema.safeParse(data).error?.issues ?? [], `${path} ${name}`).toEqual([]);
      }
    }
  });
});

describe("jobs", () => {
  it("are listed for the dashboard's session as for the key, and for nobody else", async () => {
    const account = await cloud().createUser();
    const browser = await Browser.of(cloud().url).signIn(account);
    const { key } = (await browser.post("/api/v1/keys", { name: "Main", rateLimit: 10_000 })).data<{ key: string }>();
    const made = await fetch(`${cloud().baseUrl}/video/generate`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ prompt: "A lake" }),
    });
    const { data } = (await made.json()) as { data: Job };
    const listed = (await browser.get("/api/v1/jobs")).data<Job[]>();
    expect(listed).toMatchObject([{ id: data.id, status: "queued" }]);
    expect(dataOf<Job[]>(await (await caller()).get("/jobs"))).toEqual([]);
    expect((await fetch(`${cloud().baseUrl}/jobs`)).status).toBe(401);
  });

  it("hold what was made at once and lies under a URL, with its cost and expiry; of bytes only that they were made", async () => {
    const user = await caller();
    await user.post("/media/speech", { text: "Hello", output_format: "url" });
    await user.booked();
    await user.post("/media/music", { lyrics: "La", output_format: "url" });
    await user.booked();
    await user.post("/media/image", { prompt: "A lake", n: 2 });
    await user.booked();
    await user.post("/media/speech", { text: "Hello" });
    await user.booked();
    await user.post("/media/image", { prompt: "A lake", response_format: "base64" });
    await user.booked();
    const listed = await eventually(async () => {
      const reply = await user.get("/jobs");
      expectAs(answers.jobListAnswer, reply);
      const found = dataOf<(Job & { kind: string })[]>(reply);
      expect(found).toHaveLength(5);
      return found;
    });
    expect(listed).toMatchObject([
      { kind: "image", status: "completed", costUsd: 0.0035, output: [], error: null },
      { kind: "speech", status: "completed", costUsd: 0.0005, output: [], error: null },
      {
        kind: "image",
        model: "image-01",
        keyId: expect.stringMatching(/^key_/),
        costUsd: 0.007,
        output: [{ contentType: "image/png" }, { contentType: "image/png" }],
      },
      { kind: "music", output: [{ contentType: "audio/mpeg" }] },
      { kind: "speech", status: "completed", costUsd: 0.0005, output: [{ contentType: "audio/mpeg" }] },
    ]);
    const expiresAt = Date.parse(listed[4]?.output?.[0]?.expiresAt ?? "");
    expect(expiresAt).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    const next = await user.get(`/jobs?limit=1&before=${listed[0]?.id}`);
    expect(dataOf<Job[]>(next).map(({ id }) => id)).toEqual([listed[1]?.id]);
    // A position in one's own list, nothing else: no other user's job is told of.
    expect(dataOf<Job[]>(await (await caller()).get(`/jobs?before=${listed[0]?.id}`))).toEqual([]);
    expect((await user.get("/jobs?before=job_'1")).status).toBe(400);
  });

  it("with a webhook show its secret once, and keep it sealed", async () => {
    const user = await caller();
    const started = dataOf<Job & { webhookSecret: string }>(
      await user.post("/video/generate", { model: "wan", prompt: "A lake", webhookUrl }),
    );
    expect(started.webhookSecret).toMatch(/^whsec_/);
    const status = await user.get(`/video/status?id=${started.id}`);
    expect(status.text).not.toContain("whsec_");
    expect(
      JSON.stringify(await cloud().rows("jobs"), (_, value) => (typeof value === "bigint" ? 0 : value)),
    ).not.toContain(started.webhookSecret.slice("whsec_".length));
  });

  it("started again under the same Idempotency-Key are the same job", async () => {
    const user = await caller();
    const headers = { "idempotency-key": "job-1" };
    const body = { model_name: "reframe", inputs: { image: photo } };
    const first = await user.post("/fashion/run", body, headers);
    await user.booked();
    const second = await user.post("/fashion/run", body, headers);
    expect(dataOf<Job>(second).id).toBe(dataOf<Job>(first).id);
    expect(dataOf<Job[]>(await user.get("/jobs"))).toHaveLength(1);
  });
});

describe("GET /api/v1/usage", () => {
  it("has what was used by unit beside what was used by model", async () => {
    const user = await caller();
    await user.post("/media/speech", { text: "x".repeat(100) });
    await user.post("/image/generate", { model: "flux", prompt: "A lake", n: 2 });
    await eventually(async () => {
      const usage = dataOf(await user.get("/usage"));
      expect(usage).toMatchObject({
        byUnit: { characters: { units: 100, requests: 1, cost: 0.01 }, images: { units: 2, requests: 1, cost: 0.06 } },
        byModel: { "speech-2.8-hd": { requests: 1, cost: 0.01 }, "flux-2-pro": { requests: 1, cost: 0.06 } },
        totalCost: 0.07,
      });
    });
  });
});

describe("speech of ten minutes", () => {
  it("arrives whole as audio and as JSON, over the 6 MB that a buffered answer may have", async () => {
    const user = await caller();
    const text = "A sentence of some length. ".repeat(370).slice(0, 9_990);
    const frames = Math.ceil(((text.length / 15) * 1_000) / 36);
    const raw = await user.open("POST", "/media/speech", { text }, { accept: "audio/mpeg" });
    expect((await raw.arrayBuffer()).byteLength).toBe(frames * 576);
    const { audio, durationMs } = dataOf<{ audio: string; durationMs: number }>(
      await user.post("/media/speech", { text }),
    );
    expect(Buffer.from(audio, "base64")).toHaveLength(frames * 576);
    expect(durationMs).toBeGreaterThan(600_000);
  });
});
