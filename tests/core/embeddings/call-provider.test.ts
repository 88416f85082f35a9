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
    form: (body as { encoding_format?: "base64" }).encoding_format ?? "float",
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
    const { response } = await call(google, { model: "gemini-embedding-2" }, { provider: "google", form: "base64" });
    expect(response.data[0]?.embedding).toEqual(expect.stringMatching(/^[A-Za-z0-9+/]+=*$/));
    expect(providers().requests().at(-1)?.path).toBe("/v1beta/openai/embeddings");
  });

  test("goes out with the caller's fields, and only its key", async () => {
    upstream = await startUpstream((response) =>
      sendJson(response, {
        object: "list",
        model: "m",
        data: [{ object: "embedding", index: 0, embedding: [1, 2, 3] }],
        usage: { prompt_tokens: 7, total_tokens: 7 },
      }),
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

describe.each(["openai", "google"] as const)("an answer of %s is held to what was asked", (provider) => {
  const answering = async (data: unknown, body: object = {}) => {
    upstream = await startUpstream((response) =>
      sendJson(response, { data, usage: { prompt_tokens: 7, total_tokens: 7 } }),
    );
    return call(upstream.baseUrl, body, { provider });
  };
  const base64 = (...floats: number[]) => Buffer.from(Float32Array.from(floats).buffer).toString("base64");
  const input = ["a", "b"];

  test.each<[string, unknown, object, unknown]>([
    ["numbers for base64", [{ embedding: [1, 0.5] }], { encoding_format: "base64" }, [base64(1, 0.5)]],
    ["base64 for numbers", [{ embedding: base64(1, 0.5) }], {}, [[1, 0.5]]],
    ["base64 for base64", [{ embedding: base64(1) }], { encoding_format: "base64" }, [base64(1)]],
    ["without numbers of their own", [{ embedding: [1] }, { embedding: [2] }], { input }, [[1], [2]]],
    [
      "in another order",
      [
        { index: 1, embedding: [2] },
        { index: 0, embedding: [1] },
      ],
      { input },
      [[1], [2]],
    ],
    ["one list of tokens", [{ index: 0, embedding: [1] }], { input: [5, 6, 7] }, [[1]]],
    ["lists of tokens", [{ embedding: [1] }, { embedding: [2] }], { input: [[5], [6]] }, [[1], [2]]],
  ])("and made so where it can be: %s", async (_, data, body, vectors) => {
    const { response } = await answering(data, body);
    expect(response.data.map(({ embedding }) => embedding)).toEqual(vectors);
    expect(response.data.map(({ index, object }) => [index, object])).toEqual(
      response.data.map((__, at) => [at, "embedding"]),
    );
    expect(response.model).toBe("text-embedding-3-small");
  });

  test.each<[string, unknown, object, string]>([
    ["one too few", [{ embedding: [1] }], { input }, "1 embeddings for 2 inputs"],
    ["one too many", [{ embedding: [1] }, { embedding: [2] }], {}, "2 embeddings for 1 inputs"],
    [
      "one number twice",
      [
        { index: 0, embedding: [1] },
        { index: 0, embedding: [2] },
      ],
      { input },
      "not numbered 0, 1, …",
    ],
    [
      "numbers from 1 on",
      [
        { index: 1, embedding: [1] },
        { index: 2, embedding: [2] },
      ],
      { input },
      "not numbered 0, 1, …",
    ],
    ["an empty vector", [{ embedding: [] }], {}, "embedding 0 is not a vector"],
    ["a vector of texts", [{ embedding: ["1"] }], {}, "embedding 0 is not a vector"],
    ["half a float", [{ embedding: "AAAA" }], {}, "embedding 0 is not a vector"],
    ["no vector", [{}], {}, "embedding 0 is not a vector"],
    ["two lengths", [{ embedding: [1] }, { embedding: [1, 2] }], { input }, "embedding 1 has 2 dimensions, not 1"],
    ["another length than asked", [{ embedding: [1, 2] }], { dimensions: 3 }, "embedding 0 has 2 dimensions, not 3"],
  ])("and else no answer, though it may have to be paid: %s", async (_, data, body, message) => {
    const error = await rejection(answering(data, body));
    expect(error).toMatchObject({ kind: "malformed", outcome: { usage: { inputTokens: 7 } } });
    expect(String(error)).toContain(message);
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
