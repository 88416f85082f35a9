import { Agent } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ByokProvider } from "#core/db/provider-key-rows.ts";
import { testProviderKey } from "#core/provider-keys/test-provider-key.ts";
import type { KeyCredential } from "#core/providers/provider.ts";
import { type FakeProvider, startFakeProvider } from "#tests/support/fake-provider.ts";

const apiKey = "an-own-key-without-a-form";

let server: FakeProvider;
let answers: Readonly<Record<string, readonly [status: number, body: unknown]>>;
beforeAll(async () => {
  server = await startFakeProvider(({ path }, response) => {
    const [status, body] = Object.entries(answers).find(([end]) => path.includes(end))?.[1] ?? [404, {}];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
});
afterAll(() => server.close());
beforeEach(() => {
  answers = {};
});

const credential = (custom?: Partial<KeyCredential["custom"]>): KeyCredential => ({
  apiKey,
  byok: true,
  baseUrl: server.url,
  ...(custom === undefined
    ? {}
    : {
        custom: {
          protocol: "openai",
          authHeader: "authorization",
          apiVersion: undefined,
          agent: new Agent(),
          ...custom,
        },
      }),
});
const test = (provider: ByokProvider) => testProviderKey(provider, credential());
const testCustom = (protocol: "openai" | "anthropic" = "openai") =>
  testProviderKey("custom", credential({ protocol }), "m");

describe("a provider that is asked for what does not exist", () => {
  it.each<[ByokProvider, number, unknown]>([
    ["fal", 404, { detail: "Request not found" }],
    ["fal", 422, { detail: [] }],
    ["bedrock", 400, { message: "The provided model identifier is invalid." }],
    ["bedrock", 404, { message: "Could not resolve the foundation model." }],
    ["bedrock", 403, { Message: "User: arn:aws:iam::1:user/x is not authorized to perform: bedrock:InvokeModel" }],
    ["bedrock", 403, { message: "You don't have access to the model with the specified model ID." }],
  ])("has taken the key of %s when it answers %d about the request", async (provider, status, body) => {
    answers = { "/": [status, body] };
    expect(await test(provider)).toMatchObject({ ok: true, status, message: null });
  });

  it.each<[ByokProvider, number, unknown, string]>([
    ["fal", 401, { detail: "Invalid" }, "Invalid"],
    ["fal", 429, { detail: "Too many requests" }, "Too many requests"],
    ["bedrock", 503, { message: "Try again" }, "Try again"],
    ["bedrock", 500, {}, "The provider answered with status 500."],
    ["bedrock", 301, {}, "The provider answered with status 301."],
    ["bedrock", 403, { Message: "Authentication failed" }, "Authentication failed"],
  ])("has not when %s answers %d, and its words are passed on", async (provider, status, body, message) => {
    answers = { "/": [status, body] };
    expect(await test(provider)).toMatchObject({ ok: false, status, message });
  });
});

describe("a custom provider without a list of models", () => {
  it.each([400, 422])("has taken the key when it answers %d about the one token", async (status) => {
    answers = { "/chat/completions": [status, { error: { message: "max_tokens is not supported with this model" } }] };
    expect(await testCustom()).toMatchObject({ ok: true, status });
    expect(server.requests.at(-1)?.body).toMatchObject({ model: "m", max_tokens: 1 });
  });

  it.each([
    [400, "API key not valid. Please pass a valid API key."],
    [422, "Missing credentials"],
    [401, "No"],
    [404, "No such path"],
    [429, "Slow down"],
  ])("has not when it answers %d with %s", async (status, message) => {
    answers = { "/chat/completions": [status, { error: { message } }] };
    expect(await testCustom()).toMatchObject({ ok: false, status, message });
  });

  it("is asked in Anthropic's API where it speaks that", async () => {
    answers = { "/v1/messages": [400, { type: "error", error: { type: "invalid_request_error", message: "model" } }] };
    expect(await testCustom("anthropic")).toMatchObject({ ok: true, status: 400 });
  });
});

it("a message never quotes the key, whatever it looks like", async () => {
  answers = { "/models": [401, { error: { message: `The key ${apiKey} is unknown (${apiKey})` } }] };
  expect((await test("openai")).message).toBe("The key [redacted] is unknown ([redacted])");
});

it("a provider that is silent for too long is said to be", async () => {
  const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(AbortSignal.abort());
  const message = "The provider did not answer within 10 s.";
  expect(await test("openai")).toMatchObject({ ok: false, status: null, message });
  timeout.mockRestore();
});
