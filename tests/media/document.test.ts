import { beforeAll, describe, expect, it } from "vitest";
import { AnswerValidator } from "#tests/core/openapi/answer-validator.ts";
import { isMediaOperation } from "#tests/core/openapi/media-routes.ts";
import { type Reply, send } from "#tests/e2e/client.ts";
import { eventually, useStandardCloud } from "#tests/support/cloud.ts";
import { Caller, dataOf, type Job, pngDataUrl } from "./support.ts";

/** Answers of media, fashion, images, videos and vision, held against the document that a client is generated from. */

const cloud = useStandardCloud();
const photo = "https://images.example.com/a.png";
const fashion = (directive = "") => ({
  model_name: "reframe",
  inputs: { image: directive === "" ? photo : `${photo}#[[simulate:${directive}]]` },
});

let validator: AnswerValidator;
let caller: Caller;

/** Holds an answer against the document. */
const held = (method: string, path: string, reply: Reply, status: number): Reply => {
  expect([reply.status, reply.status === status ? "" : reply.text]).toEqual([status, ""]);
  const fault = validator.fault({
    method,
    path: `/api/v1${path.split("?", 1)[0]}`,
    status: reply.status,
    contentType: reply.headers.get("content-type") ?? undefined,
    text: reply.text,
  });
  expect(fault).toBeUndefined();
  return reply;
};

const post = async (path: string, body: unknown, status = 200, headers = {}): Promise<Reply> =>
  held("POST", path, await caller.post(path, body, headers), status);
const get = async (path: string, status = 200): Promise<Reply> => held("GET", path, await caller.get(path), status);

beforeAll(async () => {
  const { baseUrl } = cloud();
  validator = new AnswerValidator((await send(baseUrl.replace(/\/v1$/, "/openapi.json"))).json() as object);
  caller = await Caller.of(cloud());
});

describe("every answer of media is as the OpenAPI document says", () => {
  it.each([
    ["/media/speech", { text: "Hello" }],
    ["/media/speech", { text: "Hello", output_format: "url" }],
    ["/media/speech", { text: "Hello", stream: true }],
    ["/media/music", { lyrics: "La" }],
    ["/media/music", { lyrics: "La", stream: true }],
    ["/media/image", { prompt: "A lake" }],
    ["/media/image", { prompt: "A lake", response_format: "base64" }],
    ["/image/generate", { prompt: "A lake" }],
    ["/image/generate", { model: "flux", prompt: "A lake", n: 2 }],
    ["/image/edit", { prompt: "A lake", image_url: pngDataUrl }],
    ["/images/generations", { prompt: "A lake" }],
    ["/images/generations", { model: "gpt-image-2", prompt: "A lake" }],
    ["/images/edits", { prompt: "A lake", images: [{ image_url: pngDataUrl }] }],
    ["/audio/speech", { model: "tts-1", input: "Hello", voice: "alloy" }],
    ["/audio/transcriptions", { model: "gpt-4o-transcribe", file: "data:audio/wav;base64,UklGRg==" }],
    ["/audio/transcriptions", { model: "gpt-4o-transcribe", file: "data:audio/wav;base64,UklGRg==", stream: true }],
    ["/moderations", { input: "Hello" }],
    ["/vision", { image_url: pngDataUrl }],
    ["/vision", { image_url: pngDataUrl, stream: true }],
    ["/fashion/subscribe", fashion()],
  ])("POST %s %j", async (path, body) => {
    await post(path, body);
  });

  it("the audio and the video themselves", async () => {
    for (const [path, body] of [
      ["/media/speech", { text: "Hello" }],
      ["/media/music", { lyrics: "La" }],
    ] as const) {
      const { headers } = await post(path, body, 200, { accept: "audio/mpeg" });
      expect(headers.get("content-type")).toBe("audio/mpeg");
    }
    const { id } = dataOf<Job>(await post("/video/generate", { prompt: "A lake" }));
    await caller.ended(`/video/status?id=${id}`);
    for (const path of [`/video/status?id=${id}&content=true`, `/jobs/${id}/content`]) {
      expect((await get(path)).headers.get("content-type")).toBe("video/mp4");
      const part = { range: "bytes=0-7" };
      expect(held("GET", path, await caller.get(path, part), 206).text).toHaveLength(8);
      held("GET", path, await caller.get(path, { range: "bytes=999999999-" }), 416);
    }
  });

  it("the voices, and a question about an image by GET", async () => {
    await get("/media/voices");
    await get(`/vision?image_url=${encodeURIComponent("https://images.example.com/a.png")}`);
  });

  it("jobs when they start, run, end and fail, and the list of them", async () => {
    const jobs = [
      ["/media/video", { prompt: "A lake" }, "/media/video/"],
      ["/video/generate", { prompt: "A lake" }, "/video/status?id="],
      ["/video/generate", { model: "wan", prompt: "[[simulate: fail=no]]" }, "/video/status?id="],
      ["/fashion/run", fashion(), "/fashion/status/"],
    ] as const;
    for (const [path, body, status] of jobs) {
      const { id } = dataOf<Job>(await post(path, body));
      await get(`${status}${id}`);
      await caller.ended(`${status}${id}`);
      await get(`${status}${id}`);
    }
    await get("/jobs");
    await get("/jobs?limit=1");
  });

  it("what is refused: by the schema, by the provider, of nobody's job, and without a key", async () => {
    for (const path of ["/media/speech", "/media/music", "/media/image", "/media/video", "/image/generate"]) {
      await post(path, {}, 400);
    }
    for (const path of ["/image/edit", "/video/generate", "/vision", "/fashion/run", "/fashion/subscribe"]) {
      await post(path, {}, 400);
    }
    for (const path of [
      "/media/video/job_none",
      "/fashion/status/job_none",
      "/video/status?id=job_none",
      "/jobs/job_none/content",
    ]) {
      await get(path, 404);
    }
    await get("/vision", 400);
    await get("/video/status", 400);
    await post("/media/speech", { text: "[[simulate: error-200 code=1002 message=nope]]" }, 429);
    await post("/image/generate", { prompt: "[[simulate: status=429 retry-after=1]]" }, 429);
    await post("/vision", { image_url: pngDataUrl, prompt: "[[simulate: status=400 message=nope]]" }, 400);
    for (const path of ["/media/voices", "/jobs"]) held("GET", path, await send(`${cloud().baseUrl}${path}`), 401);
    const bare = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    for (const path of ["/media/speech", "/fashion/run", "/image/generate", "/video/generate", "/vision"]) {
      held("POST", path, await send(`${cloud().baseUrl}${path}`, bare), 401);
    }
  });

  it("errors that come as events", async () => {
    const spoken = `${"word ".repeat(300)} [[simulate: error-event-after=1 code=1000]]`;
    expect((await post("/media/speech", { text: spoken, stream: true })).text).toContain('"error"');
    expect((await post("/fashion/subscribe", fashion("fail=PoseError"))).text).toContain("event: error");
  });

  it("of every operation of the document that is not called by tests/core/openapi: none was left out above", async () => {
    await eventually(async () => {
      const { open } = await cloud().admission(caller.key.userId);
      if (open.length > 0) throw new Error("A request is open");
    });
    const wanted = validator.operationIds.filter(isMediaOperation);
    expect(wanted.length).toBeGreaterThanOrEqual(15);
    expect(wanted.filter((id) => !validator.succeeded.has(id))).toEqual([]);
  });
});
