import { describe, expect, it } from "vitest";
import { useCloud } from "#tests/support/cloud.ts";
import { Caller, dataOf, eventsOf, newMark, pngDataUrl } from "./support.ts";

const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100" } });
const caller = (): Promise<Caller> => Caller.of(cloud());

interface Vision {
  readonly model: string;
  readonly content: string;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
  readonly costUsd: number;
}

describe("POST /api/v1/vision", () => {
  it.each(["gpt", "claude", "gemini"])("puts a question about an image to %s", async (model) => {
    const user = await caller();
    const reply = await user.post("/vision", { model, image_url: pngDataUrl, prompt: "What is it?" });
    const data = dataOf<Vision>(reply);
    expect(data.content).toContain("I received an image");
    expect(data.costUsd).toBeGreaterThan(0);
    const event = await user.usage(reply);
    expect(event).toMatchObject({ route: "Vision", status: "ok", inputTokens: data.usage.inputTokens });
  });

  it("takes several images", async () => {
    const reply = await (await caller()).post("/vision", { image_urls: [pngDataUrl, pngDataUrl] });
    expect(dataOf<Vision>(reply).content).toContain("2 images");
  });

  it("streams its words and ends with the whole answer", async () => {
    const reply = await (await caller()).post("/vision", { image_url: pngDataUrl, stream: true });
    const events = eventsOf(reply.text);
    const words = events.filter(({ name }) => name === "delta").map(({ data }) => data.text);
    expect(events.at(-1)).toMatchObject({ name: "done", data: { content: words.join("") } });
  });

  it("tells an early failure as a status, also when it would have streamed", async () => {
    const body = { image_url: pngDataUrl, prompt: "[[simulate: status=400 message=nope]]" };
    for (const stream of [false, true]) {
      const reply = await (await caller()).post("/vision", { ...body, stream });
      expect(reply.status).toBe(400);
      expect(reply.error().code).toBe("PROVIDER_ERROR");
    }
  });

  it.each([
    [{}, "MISSING_REQUIRED_FIELD", "image_url"],
    [{ image_url: pngDataUrl, model: "nothing-like-it" }, "INVALID_MODEL", "model"],
    [{ image_url: "ftp://example.com/a.png" }, "BAD_REQUEST", "image_url"],
    [{ image_urls: [pngDataUrl, "http://10.0.0.1/a.png"] }, "BAD_REQUEST", "image_urls[1]"],
    [{ image_url: pngDataUrl, model: "deepseek" }, "BAD_REQUEST", "model"],
  ])("%j is a 400", async (body, code, param) => {
    const mark = newMark();
    const reply = await (await caller()).post("/vision", { prompt: mark, ...body });
    expect(reply.error()).toMatchObject({ code, param });
    expect(await cloud().providerRequests(mark)).toEqual([]);
  });
});

describe("GET /api/v1/vision", () => {
  it("puts the question of its query", async () => {
    const query = new URLSearchParams({ image_url: "https://images.example.com/a.png", prompt: "What is it?" });
    expect(dataOf<Vision>(await (await caller()).get(`/vision?${query}`)).content).toContain("What is it?");
  });

  it("needs an image", async () => {
    expect((await (await caller()).get("/vision")).error()).toMatchObject({
      code: "MISSING_REQUIRED_FIELD",
      param: "image_url",
    });
  });
});
