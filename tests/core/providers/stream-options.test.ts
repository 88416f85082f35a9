import { afterEach, describe, expect, test } from "vitest";
import { callProvider, type SeenRequest, sendJson, startUpstream, type Upstream } from "./support.ts";

/** Usage is asked for on every stream, in each provider's own way: metering does not hang on what the caller wrote. */
describe.each([undefined, { include_usage: false }, { include_usage: true }])("with stream_options %j", (asked) => {
  let upstream: Upstream | undefined;
  afterEach(() => upstream?.close());

  const sent = async (
    provider: Parameters<typeof callProvider>[1]["provider"],
    model: string,
  ): Promise<SeenRequest> => {
    upstream = await startUpstream((response) => sendJson(response, { error: { message: "no" } }, 400));
    const fields = { stream: true, ...(asked === undefined ? {} : { stream_options: asked }) };
    await callProvider(fields, { provider, model, baseUrl: upstream.baseUrl }).catch(() => undefined);
    const [request] = upstream.requests;
    if (request === undefined) throw new Error("Nobody was asked");
    return request;
  };

  test.each([
    ["openai", "gpt-5.2"],
    ["google", "gemini-3.5-flash"],
    ["x-ai", "grok-4.3"],
    ["openrouter", "deepseek/deepseek-v3.2"],
    ["minimax", "MiniMax-M2.7"],
  ] as const)("%s is asked for usage", async (provider, model) => {
    const { path, body } = await sent(provider, model);
    expect(path).toBe("/v1/chat/completions");
    expect(body.stream_options).toMatchObject({ include_usage: true });
  });

  test.each([
    ["anthropic", "claude-sonnet-5", "/v1/v1/messages"],
    ["openai", "gpt-5-codex", "/v1/responses"],
  ] as const)("%s with %s, which tells it by itself, is not sent the field", async (provider, model, path) => {
    const request = await sent(provider, model);
    expect(request.path).toBe(path);
    expect(request.body).not.toHaveProperty("stream_options");
  });
});
