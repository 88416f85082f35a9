import { describe, expect, it } from "vitest";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { Caller, dataOf, type Job, newMark, pngDataUrl } from "./support.ts";

const cloud = useStandardCloud();
const caller = (): Promise<Caller> => Caller.of(cloud());

const microUsd = 1_000_000n;
const isMp4 = (bytes: ArrayBuffer): boolean => Buffer.from(bytes).toString("latin1", 4, 8) === "ftyp";
const image = "https://images.example.com/first.png";

describe.each([
  ["veo", "gemini-omni-1.1-flash", "google", 8, 800_000n],
  ["veo-3.1-generate-preview", "gemini-omni-1.1-flash", "google", 8, 800_000n],
  ["kling", "kling-v3-pro", "fal", 5, 560_000n],
  ["wan", "wan-2.6", "fal", 5, 750_000n],
  ["kling-v3-standard", "kling-v3-standard", "fal", 5, 420_000n],
] as const)("POST /api/v1/video/generate with %s", (name, model, provider, seconds, costMicroUsd) => {
  it.each([
    ["a text", {}],
    ["an image", { image_url: pngDataUrl }],
  ])(`makes a video of %s by ${model}, metered by the second when it has ended`, async (_, extra) => {
    const user = await caller();
    const reply = await user.post("/video/generate", { model: name, prompt: "A lake", ...extra });
    const started = dataOf<Job>(reply);
    expect(started).toMatchObject({ status: "queued", model, provider, output: null, error: null, costUsd: null });
    const ended = await user.ended(`/video/status?id=${started.id}`);
    expect(ended).toMatchObject({ id: started.id, status: "completed", error: null });
    expect(ended.output?.[0]).toMatchObject({ contentType: "video/mp4" });
    const event = await user.usage(reply);
    expect(event).toMatchObject({ route: "VideoGenerate", status: "ok", model, unit: "seconds", units: seconds });
    expect(event.costPicoUsd).toBe(costMicroUsd === undefined ? undefined : costMicroUsd * microUsd);
  });
});

describe("a video", () => {
  it.each([
    ["kling", "/fal-ai/kling-video/v3/pro/image-to-video", "start_image_url"],
    ["wan", "/wan/v2.6/image-to-video", "image_url"],
  ])("of %s goes to its image-to-video form when image_url is given", async (model, path, field) => {
    const mark = newMark();
    await (await caller()).post("/video/generate", { model, prompt: mark, image_url: image });
    const [request] = await cloud().providerRequests(mark);
    expect(request).toMatchObject({ path, body: { [field]: image } });
  });

  it("of Google is downloaded through us, since Google gives it to nobody without the key", async () => {
    const user = await caller();
    const { id } = dataOf<Job>(await user.post("/video/generate", { prompt: "A lake" }));
    const ended = (await user.ended(`/video/status?id=${id}`)) as Job & { downloadUrl: string };
    expect(Date.parse(ended.output?.[0]?.expiresAt ?? "")).toBeGreaterThan(Date.now());
    const headers = { authorization: `Bearer ${user.key.key}` };
    const video = await fetch(ended.downloadUrl, { headers });
    expect(video.headers.get("content-type")).toBe("video/mp4");
    expect(isMp4(await video.arrayBuffer())).toBe(true);
    expect((await fetch(ended.downloadUrl)).status).toBe(401);
    const other = await caller();
    expect((await other.get(`/video/status?id=${id}&content=true`)).status).toBe(404);
  });

  describe("of Google that has ended", () => {
    const made = async () => {
      const user = await caller();
      const { id } = dataOf<Job>(await user.post("/video/generate", { prompt: "A lake" }));
      await user.ended(`/video/status?id=${id}`);
      return { user, path: `/jobs/${id}/content` };
    };
    const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

    it("is had under its job with a key, by its owner alone, and embedded by no other origin", async () => {
      const { user, path } = await made();
      const video = await user.open("GET", path);
      expect(video.status).toBe(200);
      expect(video.headers.get("content-type")).toBe("video/mp4");
      expect(video.headers.get("accept-ranges")).toBe("bytes");
      expect(video.headers.get("cross-origin-resource-policy")).toBe("same-origin");
      expect(video.headers.get("access-control-allow-origin")).toBeNull();
      expect(isMp4(await video.arrayBuffer())).toBe(true);
      expect((await fetch(`${cloud().baseUrl}${path}`)).status).toBe(401);
      const other = (await (await caller()).get(path)).error();
      expect(other).toMatchObject({ code: "NOT_FOUND", param: "id" });
      expect(other.message).toBe((await (await caller()).get("/jobs/job_none/content")).error().message);
    });

    it.each([
      ["bytes=0-7", 0, 8],
      ["bytes=4-7", 4, 8],
      ["bytes=100-", 100, undefined],
      ["bytes=-10", -10, undefined],
    ] as const)("is had in parts, so that a player can seek: %s", async (range, start, end) => {
      const { user, path } = await made();
      const whole = await bytesOf(await user.open("GET", path));
      const wanted = whole.subarray(start, end);
      const part = await user.open("GET", path, undefined, { range });
      const first = whole.length - whole.subarray(start).length;
      expect(part.status).toBe(206);
      expect(part.headers.get("content-range")).toBe(`bytes ${first}-${first + wanted.length - 1}/${whole.length}`);
      expect(await bytesOf(part)).toEqual(wanted);
    });

    it.each(["bytes=0-1,4-5", "bytes=-", "bytes", "lines=0-1", "bytes=1-x", `bytes=0-${"9".repeat(400)}`])(
      "is sent whole where a range is not one that we pass on: %s",
      async (range) => {
        const { user, path } = await made();
        const response = await user.open("GET", path, undefined, { range });
        expect(response.status).toBe(200);
        expect(isMp4(await response.arrayBuffer())).toBe(true);
      },
    );

    it("is sent whole for an If-Range, which names no version of ours", async () => {
      const { user, path } = await made();
      const response = await user.open("GET", path, undefined, { range: "bytes=0-7", "if-range": '"1"' });
      expect(response.status).toBe(200);
    });

    it("has no part past its end", async () => {
      const { user, path } = await made();
      const reply = await user.get(path, { range: "bytes=999999-" });
      expect(reply.status).toBe(416);
      expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "Range" });
      expect(reply.headers.get("content-range")).toMatch(/^bytes \*\/\d+$/);
    });
  });

  it("that runs, failed or lies open at its provider has no content of ours, and says so", async () => {
    const user = await caller();
    const running = dataOf<Job>(await user.post("/video/generate", { prompt: "[[simulate: polls=99]]" }));
    expect((await user.get(`/jobs/${running.id}/content`)).error()).toMatchObject({
      code: "NOT_FOUND",
      details: { status: "queued" },
    });
    const open = dataOf<Job>(await user.post("/video/generate", { model: "kling", prompt: "A lake" }));
    expect((await user.get(`/jobs/${open.id}/content`)).error()).toMatchObject({ code: "BAD_REQUEST", param: "id" });
    const failed = dataOf<Job>(await user.post("/video/generate", { prompt: "[[simulate: fail=SAFETY]]" }));
    await user.ended(`/video/status?id=${failed.id}`);
    expect((await user.get(`/jobs/${failed.id}/content`)).error()).toMatchObject({
      code: "NOT_FOUND",
      details: { status: "failed" },
    });
  });

  it("that the model refuses is failed by fal's own type, and its booked money is given back", async () => {
    const user = await caller();
    const prompt = "[[simulate: fail=content_policy_violation]]";
    const reply = await user.post("/video/generate", { model: "kling", prompt });
    expect((await cloud().admission(user.key.userId)).spentPicoUsd).toBeGreaterThan(0n);
    const ended = await user.ended(`/video/status?id=${dataOf<Job>(reply).id}`);
    expect(ended).toMatchObject({ status: "failed", error: { name: "content_policy_violation" }, costUsd: 0 });
    expect(await user.booked()).toBe(0n);
  });

  it("that Google fails is failed", async () => {
    const user = await caller();
    const { id } = dataOf<Job>(await user.post("/video/generate", { prompt: "[[simulate: fail=SAFETY]]" }));
    expect(await user.ended(`/video/status?id=${id}`)).toMatchObject({ status: "failed", error: { name: "SAFETY" } });
  });

  it.each(["kling", "veo"])("that %s does not take is told at once", async (model) => {
    const user = await caller();
    const reply = await user.post("/video/generate", { model, prompt: "[[simulate: status=429 retry-after=1]]" });
    expect(reply.status).toBe(429);
    expect(reply.headers.get("retry-after")).toBe("1");
    expect(await user.booked()).toBe(0n);
  });
});

describe("POST /api/v1/media/video", () => {
  it("starts a task of MiniMax, whose file has a URL with its end", async () => {
    const user = await caller();
    const reply = await user.post("/media/video", { prompt: "A lake" });
    const started = dataOf<Job & { taskId: string }>(reply);
    expect(started.taskId).toBe(started.id);
    const ended = await user.ended(`/media/video/${started.taskId}`);
    expect(ended).toMatchObject({ status: "completed", model: "MiniMax-Hailuo-2.3", costUsd: 0.28 });
    const leftMs = Date.parse(ended.output?.[0]?.expiresAt ?? "") - Date.now();
    expect(leftMs).toBeGreaterThan(50 * 60_000);
    expect(isMp4(await (await fetch(ended.output?.[0]?.url ?? "")).arrayBuffer())).toBe(true);
    expect(await user.usage(reply)).toMatchObject({ unit: "seconds", units: 6, costPicoUsd: 280_000n * microUsd });
  });

  it.each([
    ["fail=1027", "OutputSensitive"],
    ["fail=anything", "GenerationFailed"],
  ])("that ends in %s is failed as %s", async (directive, name) => {
    const user = await caller();
    const { id } = dataOf<Job>(await user.post("/media/video", { prompt: `[[simulate: ${directive}]]` }));
    expect(await user.ended(`/media/video/${id}`)).toMatchObject({ status: "failed", error: { name } });
  });

  it("is 404 for another user's task", async () => {
    const [owner, other] = [await caller(), await caller()];
    const { id } = dataOf<Job>(await owner.post("/media/video", { prompt: "A lake" }));
    expect((await other.get(`/media/video/${id}`)).error()).toMatchObject({ code: "NOT_FOUND", param: "taskId" });
  });
});

describe("what a model cannot do is a 400 with the field, and no call", () => {
  it.each([
    ["video/generate", { model: "no-such" }, "INVALID_MODEL", "model"],
    ["video/generate", { duration: 2 }, "BAD_REQUEST", "duration"],
    ["video/generate", { model: "wan", duration: 7 }, "BAD_REQUEST", "duration"],
    ["video/generate", { model: "kling", resolution: "720p" }, "BAD_REQUEST", "resolution"],
    ["video/generate", { model: "veo", seed: 1 }, "BAD_REQUEST", "seed"],
    ["video/generate", { model: "kling", end_image_url: image }, "MISSING_REQUIRED_FIELD", "image_url"],
    ["video/generate", { model: "kling", image_url: image, aspect_ratio: "1:1" }, "BAD_REQUEST", "aspect_ratio"],
    ["media/video", { model: "T2V-01", first_frame_image: image }, "BAD_REQUEST", "first_frame_image"],
    ["media/video", { model: "MiniMax-Hailuo-2.3-Fast" }, "MISSING_REQUIRED_FIELD", "first_frame_image"],
    ["media/video", { model: "S2V-01" }, "MISSING_REQUIRED_FIELD", "subject_reference"],
    ["media/video", { resolution: "1080P", duration: 10 }, "BAD_REQUEST", "duration"],
    ["media/video", { model: "kling" }, "INVALID_MODEL", "model"],
  ])("%s %j", async (path, body, code, param) => {
    const mark = newMark();
    const reply = await (await caller()).post(`/${path}`, { prompt: mark, ...body });
    expect(reply.error()).toMatchObject({ code, param });
    expect(await cloud().providerRequests(mark)).toEqual([]);
  });

  it("also where a status has no id", async () => {
    const reply = await (await caller()).get("/video/status");
    expect(reply.error()).toMatchObject({ code: "MISSING_REQUIRED_FIELD", param: "id" });
  });
});
