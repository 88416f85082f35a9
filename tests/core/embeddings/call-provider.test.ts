import { afterEach, describe, expect, test } from "vitest";
import { callEmbeddings } from "#core/embeddings/call-provider.ts";
import { useProviders } from "#tests/infra/local/providers/harness.ts";
import { rejection, sendJson, startUpstream, type Upstream } from "../providers/support.ts";

const { providers } = useProviders();
let upstream: Upstream | undefined;
afterEach(async () => {
  await upstream?.close();
  upstream = undefined;
});

const call = (baseUrl: string, body: object, more: object = {}) =>
  callEmbeddings({
    provider: "openai",
    credential: { apiKey: "a-test-key", baseUrl, byok: false },
    body: { model: "text-embedding-3-small", input: "Hi", encoding_format: "float", ...body },
    encode: false,
    signal: new AbortController().signal,
    timeoutMs: 5_000,
    ...more,
  });

describe("an embedding", () => {
  test("comes as numbers or as base64 of the same numbers, in order", async () => {
    const { openai } = providers().baseUrls;
    const floats = await call(openai, { input: ["one", "two"] });
    const encoded = await call(openai, { input: ["one", "two"], encoding_format: "base64" });
    expect(floats).toMatchObject({ simulated: true, response: { object: "list", data: [{ index: 0 }, { index: 1 }] } });
    expect(floats.usage?.inputTokens).toBeGreaterThan(0);
    const decoded = encoded.response.data.map(({ embedding }) => {
      const bytes = Buffer.from(embedding as unknown as string, "base64");
      return [...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)];
    });
    const asFloat32 = floats.response.data.map(({ embedding }) => [...Float32Array.from(embedding)]);
    expect(decoded).toEqual(asFloat32);
  });

  test("of Gemini is encoded by us when base64 is asked for", async () => {
    const { google } = providers().baseUrls;
    const { response } = await call(google, { model: "gemini-embedding-2" }, { provider: "google", encode: true });
    expect(response.data[0]?.embedding).toEqual(expect.stringMatching(/^[A-Za-z0-9+/]+=*$/));
    expect(providers().requests().at(-1)?.path).toBe("/v1beta/openai/embeddings");
  });

  test("goes out with the caller's fields, and only its key", async () => {
    upstream = await startUpstream((response) =>
      sendJson(response, { object: "list", model: "m", data: [], usage: { prompt_tokens: 7, total_tokens: 7 } }),
    );
    const { usage } = await call(upstream.baseUrl, { dimensions: 3, later: 1 });
    expect(usage).toMatchObject({ inputTokens: 7, outputTokens: 0 });
    expect(upstream.requests[0]).toMatchObject({
      path: "/v1/embeddings",
      headers: { authorization: "Bearer a-test-key" },
      body: { dimensions: 3, later: 1, encoding_format: "float" },
    });
  });
});

describe("a failure", () => {
  test.each([
    [429, { error: { message: "slow", code: "rate_limit_exceeded" } }, { kind: "rate-limit", providerMessage: "slow" }],
    [429, { error: { message: "m", type: "insufficient_quota" } }, { kind: "quota" }],
    [400, { error: { message: "too long", param: "input" } }, { kind: "request", param: "input" }],
    [401, { error: { message: "Incorrect API key provided: sk-abcdef123456" } }, { kind: "auth" }],
    [500, {}, { kind: "server" }],
    [200, { object: "list" }, { kind: "malformed" }],
  ])("%i %j", async (status, body, expected) => {
    upstream = await startUpstream((response) => sendJson(response, body, status));
    const error = await rejection(call(upstream.baseUrl, {}));
    expect(error).toMatchObject({ name: "ProviderFailure", ...expected });
    expect(`${JSON.stringify(error)}${String(error)}`).not.toMatch(/a-test-key|abcdef/);
    expect(upstream.requests).toHaveLength(1);
  });

  test("of the connection, of time, and by the caller's will are told apart", async () => {
    upstream = await startUpstream((response) => void response.destroy());
    expect(await rejection(call(upstream.baseUrl, {}))).toMatchObject({ kind: "network" });
    await upstream.close();
    upstream = await startUpstream(() => undefined);
    expect(await rejection(call(upstream.baseUrl, {}, { timeoutMs: 50 }))).toMatchObject({ kind: "timeout" });
    const signal = AbortSignal.abort();
    expect(await rejection(call(upstream.baseUrl, {}, { signal }))).toMatchObject({ kind: "aborted" });
  });
});
