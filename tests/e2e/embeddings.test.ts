import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { errorOf } from "./client.ts";

const cloud = useStandardCloud();

const client = (apiKey: string): OpenAI => new OpenAI({ apiKey, baseURL: cloud().baseUrl, maxRetries: 0 });

const post = (apiKey: string, body: unknown): Promise<Response> =>
  fetch(`${cloud().baseUrl}/embeddings`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
    body: JSON.stringify(body),
  });

describe.each(["text-embedding-3-small", "gemini-embedding-2"])("OpenAI's SDK on %s", (model) => {
  it("gets vectors in its own default format, and the usage is one settled row with its cost", async () => {
    const key = await cloud().createKey();
    const { data, response } = await client(key.key)
      .embeddings.create({ model, input: ["one", "two"] })
      .withResponse();
    expect(data.data).toHaveLength(2);
    expect(data.data[0]?.embedding.every(Number.isFinite)).toBe(true);
    expect(response.headers.get("x-model-used")).toBe(model);
    const event = await cloud().settledUsage(key.userId, response.headers.get("x-request-id") ?? "");
    expect(event).toMatchObject({
      route: "Embeddings",
      status: "ok",
      model,
      inputTokens: data.usage.prompt_tokens,
      outputTokens: 0,
      attempts: [{ result: "ok", status: 200 }],
    });
    const microUsd = model === "text-embedding-3-small" ? 20_000n : 200_000n;
    expect(event.costPicoUsd).toBe(BigInt(data.usage.prompt_tokens) * microUsd);
  });
});

describe("a request that no provider should be asked", () => {
  it.each([
    [{ model: "gpt-5.2", input: "x" }, "INVALID_MODEL", "model"],
    [{ model: "text-embedding-3-small" }, "MISSING_REQUIRED_FIELD", "input"],
    [{ model: "text-embedding-3-small", input: "x", dimensions: 5_000 }, "BAD_REQUEST", "dimensions"],
    [{ model: "gemini-embedding-2", input: [1, 2] }, "BAD_REQUEST", "input"],
  ])("%j is a 400 %s", async (body, code, param) => {
    const response = await post(cloud().apiKey, body);
    expect(response.status).toBe(400);
    expect(errorOf(await response.json())).toMatchObject({ code, param });
  });
});

describe("a provider that fails", () => {
  it("is asked again for passing reasons, and its own words reach the caller", async () => {
    const key = await cloud().createKey();
    const response = await post(key.key, {
      model: "text-embedding-3-small",
      input: "[[simulate: status=400 message=nope]]",
    });
    expect(response.status).toBe(400);
    expect(errorOf(await response.json())).toMatchObject({
      code: "PROVIDER_ERROR",
      message: expect.stringContaining("nope"),
    });
    const failed = await post(key.key, { model: "text-embedding-3-small", input: "[[simulate: status=503]]" });
    expect(failed.status).toBe(503);
    const event = await cloud().settledUsage(key.userId, failed.headers.get("x-request-id") ?? "");
    expect(event).toMatchObject({ status: "error", costPicoUsd: 0n, attempts: [{}, {}, {}] });
  });
});
