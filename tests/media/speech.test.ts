import { describe, expect, it } from "vitest";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { Caller, dataOf, eventsOf, type Job } from "./support.ts";

const cloud = useStandardCloud();
const caller = (): Promise<Caller> => Caller.of(cloud());

const text = "Good morning from the simulated studio.";
const microUsd = 1_000_000n;
const isMp3 = (bytes: Buffer): boolean => bytes[0] === 0xff && (bytes[1] ?? 0) >> 5 === 7;

describe("POST /api/v1/media/speech", () => {
  it("answers JSON with the audio in base64, what it is, and what it cost by the character", async () => {
    const user = await caller();
    const reply = await user.post("/media/speech", { text });
    const data = dataOf<{ audio: string }>(reply);
    expect(isMp3(Buffer.from(data.audio, "base64"))).toBe(true);
    expect(data).toMatchObject({
      format: "mp3",
      model: "speech-2.8-hd",
      characters: text.length,
      sizeBytes: Buffer.from(data.audio, "base64").length,
      url: null,
      costUsd: (text.length * 100) / 1_000_000,
    });
    expect(reply.headers.get("x-model-used")).toBe("speech-2.8-hd");
    expect(reply.headers.get("x-provider-used")).toBe("minimax (simulated)");
    const cost = BigInt(text.length) * 100n * microUsd;
    expect(await user.usage(reply)).toMatchObject({
      route: "MediaSpeech",
      status: "ok",
      provider: "minimax",
      unit: "characters",
      units: text.length,
      costPicoUsd: cost,
      attempts: [{ result: "ok" }],
    });
    expect(await user.booked()).toBe(cost);
  });

  it("answers a URL with its end when that is asked for", async () => {
    const user = await caller();
    const data = dataOf<{ url: string; urlExpiresAt: string; audio: null }>(
      await user.post("/media/speech", { text, output_format: "url" }),
    );
    expect(data.audio).toBeNull();
    expect(Date.parse(data.urlExpiresAt) - Date.now()).toBeGreaterThan(23 * 3_600_000);
    expect(isMp3(Buffer.from(await (await fetch(data.url)).arrayBuffer()))).toBe(true);
  });

  it.each([
    ["audio/mpeg", "audio/mpeg", isMp3],
    ["audio/wav", "audio/wav", (bytes: Buffer) => bytes.toString("latin1", 0, 4) === "RIFF"],
    ["audio/*;q=0.9, application/json;q=0.5", "audio/mpeg", isMp3],
  ])("answers the audio itself for Accept: %s", async (accept, contentType, isRight) => {
    const user = await caller();
    const response = await user.open("POST", "/media/speech", { text }, { accept });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(contentType);
    expect(isRight(bytes)).toBe(true);
    const event = await user.usage({ requestId: response.headers.get("x-request-id") ?? "" });
    expect(event).toMatchObject({ status: "ok", units: text.length, streamed: true });
  });

  it("streams events with the audio in parts, which together are the audio, and ends in what it was", async () => {
    const user = await caller();
    const long = text.repeat(20);
    const reply = await user.post("/media/speech", { text: long, stream: true });
    expect(reply.headers.get("content-type")).toContain("text/event-stream");
    const events = eventsOf(reply.text);
    const parts = events.filter(({ name }) => name === "audio");
    expect(parts.length).toBeGreaterThan(3);
    const audio = Buffer.concat(parts.map(({ data }) => Buffer.from(String(data.audio), "base64")));
    expect(events.at(-1)).toMatchObject({
      name: "done",
      data: { characters: long.length, sizeBytes: audio.length, costUsd: (long.length * 100) / 1_000_000 },
    });
    expect(isMp3(audio)).toBe(true);
  });

  it("replays the first answer for the same Idempotency-Key, and makes no second one", async () => {
    const user = await caller();
    const mark = `once ${user.key.userId}`;
    const headers = { "idempotency-key": "speech-1" };
    const first = await user.post("/media/speech", { text: mark }, headers);
    await user.usage(first);
    const second = await user.post("/media/speech", { text: mark }, headers);
    expect(second.text).toBe(first.text);
    expect(await cloud().providerRequests(mark)).toHaveLength(1);
  });
});

describe("errors of MiniMax, which come with HTTP 200", () => {
  it.each([
    [1000, 502, "PROVIDER_ERROR"],
    [1002, 429, "PROVIDER_ERROR"],
    [1004, 502, "PROVIDER_AUTH_FAILED"],
    [1008, 502, "insufficient_quota"],
    [1026, 400, "PROVIDER_ERROR"],
    [1042, 400, "PROVIDER_ERROR"],
    [2013, 400, "PROVIDER_ERROR"],
    [2049, 502, "PROVIDER_AUTH_FAILED"],
    [20132, 400, "PROVIDER_ERROR"],
    [9999, 502, "PROVIDER_ERROR"],
  ])("%i is %i %s, and costs nothing", async (code, status, ours) => {
    const user = await caller();
    const reply = await user.post("/media/speech", { text: `[[simulate: error-200 code=${code} message=nope]]` });
    expect(reply.status).toBe(status);
    expect(reply.error()).toMatchObject({ code: ours });
    if (ours === "PROVIDER_ERROR") expect(reply.error().details).toMatchObject({ providerCode: String(code) });
    expect(await user.usage(reply)).toMatchObject({ status: "error", units: 0, costPicoUsd: 0n });
    expect(await user.booked()).toBe(0n);
  });

  it("in a stream that has not begun are a true status too", async () => {
    const user = await caller();
    const sent = { text: "[[simulate: error-event-after=0 code=1027]]" };
    const reply = await user.post("/media/speech", sent, { accept: "audio/mpeg" });
    expect(reply.status).toBe(400);
    expect(reply.error().details).toMatchObject({ providerCode: "1027" });
  });

  it("after the first bytes break the raw body off, end the events in an error, and are booked", async () => {
    const user = await caller();
    const sent = { text: `${text.repeat(10)} [[simulate: error-event-after=1 code=1000]]` };
    const raw = await user.open("POST", "/media/speech", sent, { accept: "audio/mpeg" });
    expect(raw.status).toBe(200);
    await expect(raw.arrayBuffer()).rejects.toThrow();
    const event = await user.usage({ requestId: raw.headers.get("x-request-id") ?? "" });
    expect(event).toMatchObject({ status: "error", code: "PROVIDER_ERROR", estimated: true, units: sent.text.length });
    const events = eventsOf((await user.post("/media/speech", { ...sent, stream: true })).text);
    expect(events.at(-1)).toMatchObject({ name: "error", data: { error: { code: "PROVIDER_ERROR" } } });
  });

  it("by HTTP, a reset or a page of HTML are told as such", async () => {
    const user = await caller();
    const statusOf = async (directive: string) =>
      (await user.post("/media/speech", { text: `[[simulate: ${directive}]]` })).status;
    expect(await statusOf("status=500")).toBe(502);
    expect(await statusOf("html-502")).toBe(502);
    expect(await statusOf("reset")).toBe(502);
    expect(await statusOf("cut-after=1 text=x")).toBe(502);
  });
});

describe("GET /api/v1/media/voices", () => {
  it("lists MiniMax's voices in one shape, and costs nothing", async () => {
    const user = await caller();
    const reply = await user.get("/media/voices");
    expect(dataOf<unknown[]>(reply)).toContainEqual({
      voiceId: "English_Graceful_Lady",
      name: "Graceful Lady",
      kind: "system",
      description: ["A simulated voice."],
      createdAt: null,
    });
    const cloned = dataOf<{ kind: string }[]>(await user.get("/media/voices?voice_type=voice_cloning"));
    expect(cloned.map(({ kind }) => kind)).toEqual(["voice_cloning"]);
    expect(await cloud().usage(user.key.userId, reply.requestId)).toBeUndefined();
  });

  it("refuses a type that there is none of", async () => {
    const reply = await (await caller()).get("/media/voices?voice_type=robot");
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "voice_type" });
  });
});

describe("POST /api/v1/media/music", () => {
  const song = { prompt: "A calm song", lyrics: "La la la" };

  it("answers the song in JSON or as itself", async () => {
    const user = await caller();
    const data = dataOf<{ audio: string }>(await user.post("/media/music", song));
    expect(isMp3(Buffer.from(data.audio, "base64"))).toBe(true);
    const raw = await user.open("POST", "/media/music", { ...song, model: "music-2.0" }, { accept: "audio/mpeg" });
    expect(isMp3(Buffer.from(await raw.arrayBuffer()))).toBe(true);
    const event = await user.usage({ requestId: raw.headers.get("x-request-id") ?? "" });
    expect(event).toMatchObject({ unit: "songs", units: 1, costPicoUsd: 30_000n * microUsd });
  });

  it.each([
    ["music-2.6", 0.15, 150_000n],
    ["music-2.5+", 0.15, 150_000n],
    ["music-2.6-free", 0, 0n],
  ] as const)("costs what MiniMax lists for a song by %s", async (model, costUsd, costMicroUsd) => {
    const user = await caller();
    const reply = await user.post("/media/music", { ...song, model });
    expect(dataOf(reply)).toMatchObject({ model, costUsd });
    expect((await user.usage(reply)).costPicoUsd).toBe(costMicroUsd * microUsd);
  });

  it("needs lyrics unless it is told to do without", async () => {
    const user = await caller();
    expect((await user.post("/media/music", { prompt: "x" })).error()).toMatchObject({
      code: "MISSING_REQUIRED_FIELD",
      param: "lyrics",
    });
    expect((await user.post("/media/music", { prompt: "x", is_instrumental: true })).status).toBe(200);
  });
});

describe("POST /api/v1/media/image", () => {
  it("has no cost where no price is known", async () => {
    const user = await caller();
    const reply = await user.post("/media/image", { prompt: "A lake", model: "image-01-live" });
    expect(dataOf(reply)).toMatchObject({ model: "image-01-live", costUsd: null });
    expect((await user.usage(reply)).costPicoUsd).toBeUndefined();
  });

  it("answers URLs with their end, or bytes, and counts images", async () => {
    const user = await caller();
    const reply = await user.post("/media/image", { prompt: "A lake", n: 3 });
    const { images } = dataOf<{ images: { url: string; expiresAt: string }[] }>(reply);
    expect(images).toHaveLength(3);
    expect(Date.parse(images[0]?.expiresAt ?? "")).toBeGreaterThan(Date.now());
    expect((await fetch(images[0]?.url ?? "")).headers.get("content-type")).toBe("image/png");
    expect(await user.usage(reply)).toMatchObject({ unit: "images", units: 3, costPicoUsd: 10_500n * microUsd });
    const inText = await user.post("/media/image", { prompt: "A lake", response_format: "base64" });
    expect(dataOf<{ images: { base64: string }[] }>(inText).images[0]?.base64).toMatch(/^iVBOR/);
  });

  it.each(["url", "base64"])("says what its images are, which MiniMax does not, as %s", async (format) => {
    const user = await caller();
    const reply = await user.post("/media/image", { prompt: "A lake", n: 2, response_format: format });
    const { images } = dataOf<{ images: readonly { contentType: string | null }[] }>(reply);
    expect(images.map(({ contentType }) => contentType)).toEqual(["image/png", "image/png"]);
    if (format === "base64") return;
    const [job] = dataOf<Job[]>(await user.get("/jobs"));
    expect(job?.output?.map(({ contentType }) => contentType)).toEqual(["image/png", "image/png"]);
  });
});
