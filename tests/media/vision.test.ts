import { describe, expect, it } from "vitest";
import { autoModels } from "#core/catalog/auto.ts";
import { models } from "#core/catalog/models.ts";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { Caller, dataOf, eventsOf, newMark, pngDataUrl } from "./support.ts";

const cloud = useStandardCloud();
const caller = (): Promise<Caller> => Caller.of(cloud());

interface Vision {
  readonly model: string;
  readonly content: string;
  readonly finishReason: string;
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

  it.each([false, true])("leaves the choice among models that see to auto (stream %s)", async (stream) => {
    const user = await caller();
    const reply = await user.post("/vision", { model: "auto", image_url: pngDataUrl, stream });
    const data = stream ? eventsOf(reply.text).at(-1)?.data : dataOf<Vision>(reply);
    const served = models.find(({ id }) => id === data?.model);
    expect(served?.input).toContain("image");
    expect(autoModels).toContain(served?.id);
    expect(reply.headers.get("x-model-used")).toBe(served?.id);
    expect(await user.usage(reply)).toMatchObject({ route: "Vision", status: "ok", model: served?.id });
  });

  it("tells whose answer it is and why it ended", async () => {
    const reply = await (await caller()).post("/vision", { image_url: pngDataUrl, max_tokens: 1 });
    expect(dataOf<Vision>(reply)).toMatchObject({ finishReason: "length" });
    expect(reply.headers.get("x-provider-used")).toBe("openai (simulated)");
    expect(reply.headers.get("x-attempts")).toBe("1");
  });

  it.each([
    ["image_url", { image_url: "https://images.example.com/a.png" }],
    ["image_urls[1]", { image_urls: [pngDataUrl, "https://images.example.com/a.png"] }],
  ])("names %s where Google's image cannot be had, not the chat message that it became", async (param, images) => {
    const reply = await (await caller()).post("/vision", { model: "gemini", ...images });
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param });
  });

  it("says a refusal of Claude's once", async () => {
    const body = { model: "claude", image_url: pngDataUrl, prompt: "[[simulate: refusal]]" };
    const { content, finishReason } = dataOf<Vision>(await (await caller()).post("/vision", body));
    expect(content.match(/I'm sorry/g)).toHaveLength(1);
    expect(finishReason).toBe("content_filter");
  });

  it("refuses guardrails, which it does not have", async () => {
    const mark = newMark();
    const body = { image_url: pngDataUrl, prompt: mark };
    const reply = await (await caller()).post("/vision", body, { "x-guardrails": "pii" });
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "X-Guardrails" });
    expect(await cloud().providerRequests(mark)).toEqual([]);
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
