import { Agent } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { countInput } from "#core/dialects/messages/count-tokens.ts";
import { countTokensRequestSchema } from "#core/schemas/messages.ts";
import { rejection, sendJson, startUpstream, type Upstream } from "#tests/core/providers/support.ts";

let server: Upstream;
let answer: readonly [status: number, body: unknown];
beforeAll(async () => {
  server = await startUpstream((response) => sendJson(response, answer[1], answer[0]));
});
afterAll(() => server.close());
beforeEach(() => {
  answer = [200, { input_tokens: 7 }];
});

const messages = [{ role: "user", content: "Hi" }];
const apiKey = "nobodys_form_of_one";
const count = (protocol: "openai" | "anthropic", fields: Record<string, unknown> = {}) =>
  countInput(
    countTokensRequestSchema.parse({ model: "mine/m", messages, ...fields }),
    {},
    {
      provider: "custom",
      model: "m",
      credential: {
        apiKey,
        baseUrl: server.baseUrl.replace("/v1", ""),
        byok: true,
        custom: { protocol, authHeader: "x-api-key", apiVersion: undefined, agent: new Agent() },
      },
      signal: new AbortController().signal,
      timeouts: { headersMs: 5_000, idleMs: 5_000 },
    },
  );

describe("tokens of a custom provider that speaks Anthropic's API", () => {
  const remote = { mcp_servers: [{ type: "url", name: "x", url: "https://example.com" }] };

  it("are counted by it, with whatever /messages passes on to it", async () => {
    expect(await count("anthropic", remote)).toEqual({ tokens: 7, estimated: false });
    expect(server.requests.at(-1)).toMatchObject({
      path: "/v1/messages/count_tokens",
      body: { model: "m", ...remote },
    });
  });

  it.each([404, 405, 500, 501])("are estimated where it answers %d", async (status) => {
    answer = [status, { error: { message: "No" } }];
    expect(await count("anthropic")).toMatchObject({ estimated: true });
  });

  it("are refused in its own name and without its key where it refuses the request", async () => {
    answer = [400, { type: "error", error: { type: "invalid_request_error", message: `No, ${apiKey}` } }];
    const error = await rejection(count("anthropic"));
    expect(error).toMatchObject({ provider: "custom", kind: "request", providerMessage: "No, [redacted]" });
  });

  it("are estimated for one that speaks OpenAI's, which takes no more than its translation", async () => {
    expect(await count("openai")).toMatchObject({ estimated: true });
    expect(await rejection(count("openai", remote))).toMatchObject({ status: 400, param: "mcp_servers" });
  });
});
