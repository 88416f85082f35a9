import { describe, expect, it } from "vitest";
import { eventually, useStandardCloud } from "#tests/support/cloud.ts";
import { Caller, dataOf, newMark, pngDataUrl } from "./support.ts";

const cloud = useStandardCloud();
const caller = (): Promise<Caller> => Caller.of(cloud());

const microUsd = 1_000_000n;

interface Images {
  readonly model: string;
  readonly provider: string;
  readonly images: readonly {
    readonly url: string | null;
    readonly base64: string | null;
    readonly contentType: string | null;
    readonly expiresAt: string | null;
  }[];
  readonly failed: number;
  readonly seed: number | null;
  readonly costUsd: number | null;
}

const generated = [
  ["imagen", "gemini-3.1-flash-image", "google", 67_000n],
  ["imagen-4.0-ultra-generate-001", "gemini-3-pro-image", "google", 134_000n],
  ["flux", "flux-2-pro", "bfl", 30_000n],
  ["flux-2-klein-4b", "flux-2-klein-4b", "bfl", 14_000n],
  ["flux-pro-1.1-ultra", "flux-pro-1.1-ultra", "bfl", 60_000n],
  ["recraft", "recraft-v3", "fal", 40_000n],
  ["ideogram", "ideogram-v3", "fal", 60_000n],
  ["sd", "stable-diffusion-v35-large", "fal", undefined],
  ["stable-diffusion-v35-medium", "stable-diffusion-v35-medium", "fal", 20_000n],
  ["qwen", "qwen-image", "fal", 20_000n],
] as const;

describe.each(generated)("POST /api/v1/image/generate with %s", (name, model, provider, costMicroUsd) => {
  it(`is served by ${model} in the one result shape, and metered by the image`, async () => {
    const user = await caller();
    const reply = await user.post("/image/generate", { model: name, prompt: "A lake", n: 2, aspect_ratio: "16:9" });
    const data = dataOf<Images>(reply);
    expect(data).toMatchObject({ model, provider, failed: 0 });
    expect(data.images).toHaveLength(2);
    for (const image of data.images) {
      expect(Object.keys(image).sort()).toEqual(["base64", "contentType", "expiresAt", "height", "url", "width"]);
      expect((image.url === null) !== (image.base64 === null)).toBe(true);
    }
    expect(reply.headers.get("x-model-used")).toBe(model);
    expect(reply.headers.get("x-provider-used")).toBe(`${provider} (simulated)`);
    const cost = costMicroUsd === undefined ? undefined : costMicroUsd * 2n * microUsd;
    const event = await user.usage(reply);
    expect(event).toMatchObject({ route: "ImageGenerate", status: "ok", model, unit: "images", units: 2 });
    expect(event.costPicoUsd).toBe(cost);
    expect(data.costUsd).toBe(cost === undefined ? null : Number(cost) / 1e12);
  });
});

describe("an image", () => {
  it("of BFL says that its URL ends in ten minutes, and lies among the caller's jobs", async () => {
    const user = await caller();
    const { images } = dataOf<Images>(await user.post("/image/generate", { model: "flux", prompt: "A lake" }));
    const leftMs = Date.parse(images[0]?.expiresAt ?? "") - Date.now();
    expect(leftMs).toBeGreaterThan(8 * 60_000);
    expect(leftMs).toBeLessThanOrEqual(10 * 60_000);
    expect((await fetch(images[0]?.url ?? "")).headers.get("content-type")).toBe("image/png");
    await user.booked();
    const jobs = (await cloud().rows("jobs")).filter((row) => row.userId === user.key.userId);
    expect(jobs).toMatchObject([{ kind: "image", status: "completed", model: "flux-2-pro" }]);
  });

  it("of Google comes as bytes", async () => {
    const data = dataOf<Images>(await (await caller()).post("/image/generate", { prompt: "A lake" }));
    expect(data.images[0]).toMatchObject({ url: null, contentType: "image/png", expiresAt: null });
    expect(Buffer.from(data.images[0]?.base64 ?? "", "base64").toString("latin1", 1, 4)).toBe("PNG");
  });

  it.each([
    ["flux-kontext-pro", { image_url: "https://images.example.com/a.png" }],
    ["flux-2-max", { image_urls: ["https://images.example.com/a.png", pngDataUrl] }],
    ["qwen-image-edit", { image_url: "https://images.example.com/a.png" }],
    ["qwen", { image_url: "https://images.example.com/a.png" }],
    ["seedream", { image_urls: [pngDataUrl, pngDataUrl] }],
    ["imagen", { image_url: pngDataUrl }],
    ["ideogram", { image_url: "https://images.example.com/a.png", mask_url: "https://images.example.com/mask.png" }],
  ])("is changed by %s", async (model, images) => {
    const mark = newMark();
    const user = await caller();
    const reply = await user.post("/image/edit", { model, prompt: mark, ...images });
    expect(dataOf<Images>(reply).images).toHaveLength(1);
    expect(await cloud().providerRequests(mark)).toHaveLength(1);
    expect(await user.usage(reply)).toMatchObject({ route: "ImageEdit", status: "ok", units: 1 });
  });
});

describe("an image that is not made", () => {
  it.each([
    ["flux", "fail=Request_Moderated", 400],
    ["flux", "fail=Content_Moderated", 400],
    ["flux", "fail=Error", 502],
    ["flux", "status=402", 502, "insufficient_quota"],
    ["flux", "status=422 message=nope", 422],
    ["qwen", "fail=content_policy_violation", 422, "content_filter"],
    ["qwen", "status=504", 502],
    ["imagen", "fail=IMAGE_SAFETY", 400],
    ["imagen", "status=400 message=nope", 400],
  ])(
    "(%s, %s) is %i with the provider's word, and costs nothing",
    async (model, directive, status, code = "PROVIDER_ERROR") => {
      const user = await caller();
      const reply = await user.post("/image/generate", { model, prompt: `[[simulate: ${directive}]]` });
      expect(reply.status).toBe(status);
      expect(reply.error().code).toBe(code);
      expect(await user.usage(reply)).toMatchObject({ status: "error", units: 0, costPicoUsd: 0n });
      expect(await user.booked()).toBe(0n);
    },
  );

  it("in time is 504, and booked as what it will have cost", async () => {
    const user = await caller();
    const reply = await user.post("/image/generate", {
      model: "flux",
      prompt: "[[simulate: polls=99]]",
      timeout: 1_500,
    });
    expect(reply.error()).toMatchObject({
      code: "PROVIDER_TIMEOUT",
      message: "The request did not complete within 1500 ms.",
    });
    const event = await user.usage(reply);
    expect(event).toMatchObject({ status: "error", estimated: true, units: 1, costPicoUsd: 30_000n * microUsd });
  });
});

describe("a request for an image", () => {
  it("is stopped by POST /requests/:id/cancel", async () => {
    const user = await caller();
    const mark = newMark();
    const running = user.post("/image/generate", { model: "flux", prompt: `${mark} [[simulate: polls=999]]` });
    await eventually(async () => {
      expect(await cloud().providerRequests(mark)).toHaveLength(1);
    });
    const [id = ""] = (await cloud().admission(user.key.userId)).open;
    expect((await user.post(`/requests/${id}/cancel`, {})).status).toBe(202);
    const reply = await running;
    expect(reply.error()).toMatchObject({ code: "CONFLICT", details: { cancelled: true } });
    expect(await user.usage(reply)).toMatchObject({ status: "cancelled", units: 1 });
  });

  it("is refused with 402 when today's cap does not hold it, and no provider is asked", async () => {
    const user = await caller();
    const mark = newMark();
    const cap = 5_000_000_000_000n;
    await user.post("/image/generate", { model: "flux", prompt: "A lake" });
    await user.booked();
    const row = { pk: `USER#${user.key.userId}`, sk: "ADMISSION" };
    await cloud().setAttribute("keys", row, `spend#${new Date().toISOString().slice(0, 10)}`, cap);
    const reply = await user.post("/image/generate", { model: "flux", prompt: mark });
    expect(reply.status).toBe(402);
    expect(reply.error().code).toBe("SPEND_LIMIT_EXCEEDED");
    expect(await cloud().providerRequests(mark)).toEqual([]);
  });
});

describe("what a model cannot do is a 400 with the field, and no call", () => {
  it.each([
    ["generate", { model: "no-such-model" }, "INVALID_MODEL", "model"],
    ["generate", { model: "qwen-image-edit" }, "INVALID_MODEL", "model"],
    ["generate", { model: "imagen", seed: 1 }, "BAD_REQUEST", "seed"],
    ["generate", { model: "imagen", aspect_ratio: "9:21" }, "BAD_REQUEST", "aspect_ratio"],
    ["generate", { model: "flux", resolution: "4K" }, "BAD_REQUEST", "resolution"],
    ["generate", { model: "flux", width: 1_000, height: 1_001 }, "BAD_REQUEST", "width"],
    ["generate", { model: "flux", width: 1_024 }, "MISSING_REQUIRED_FIELD", "height"],
    ["generate", { model: "recraft", negative_prompt: "x" }, "BAD_REQUEST", "negative_prompt"],
    ["generate", { n: 9 }, "BAD_REQUEST", "n"],
    ["generate", { surprise: 1 }, "BAD_REQUEST", "surprise"],
    ["edit", { model: "flux-kontext-pro" }, "MISSING_REQUIRED_FIELD", "image_url"],
    ["edit", { model: "recraft", image_urls: [pngDataUrl, pngDataUrl] }, "BAD_REQUEST", "image_urls"],
    ["edit", { model: "ideogram", image_url: pngDataUrl }, "MISSING_REQUIRED_FIELD", "mask_url"],
    ["edit", { model: "qwen-image", image_url: pngDataUrl }, "INVALID_MODEL", "model"],
  ])("%s %j", async (path, body, code, param) => {
    const mark = newMark();
    const reply = await (await caller()).post(`/image/${path}`, { prompt: mark, ...body });
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ code, param });
    expect(await cloud().providerRequests(mark)).toEqual([]);
  });
});
