import OpenAI from "openai";
import type { Response } from "openai/resources/responses/responses";
import { describe, expect, test } from "vitest";
import { responsesDialect } from "#core/dialects/responses/dialect.ts";
import { bedrockProvider } from "#core/providers/bedrock/chat.ts";
import { maySpeakDialect } from "#core/providers/native.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { responsesRequestSchema } from "#core/schemas/responses.ts";
import { exampleIdentity } from "#infra/local/aws/identities.ts";
import { useProviders } from "#tests/infra/local/providers/harness.ts";
import { type CallOptions, providerCall, rejection } from "../support.ts";

/** A Responses request to OpenAI's models at Bedrock: OpenAI's body and answer, with a key or AWS's signature. */

const { providers } = useProviders();
const gpt = "us.openai.gpt-5.5";
const aws = { sessionToken: undefined, ...exampleIdentity, region: "us-east-1" };

const toCall = (fields: Record<string, unknown>, options: Partial<CallOptions>): ProviderCall => {
  const body = responsesRequestSchema.parse({ model: "bedrock/x", input: "Hi", ...fields });
  const { request, refusal, untranslatable } = responsesDialect.toChat(body, {});
  const native = responsesDialect.native;
  if (native === undefined) throw new Error("The dialect has no own body");
  const baseUrl = providers().baseUrls.bedrock;
  return {
    ...providerCall({}, { provider: "bedrock", model: gpt, byok: true, baseUrl, ...options }),
    request: { ...request, stream: fields.stream === true },
    native: {
      dialect: "responses",
      body: native.body(body),
      headers: {},
      refusal,
      untranslatable,
      cutFrames: () => "",
    },
  };
};
const ask = (fields: Record<string, unknown> = {}, options: Partial<CallOptions> = {}) => {
  providers().clearRequests();
  return bedrockProvider.chat(toCall(fields, options));
};
const asked = () =>
  providers()
    .requests()
    .find(({ provider }) => provider === "bedrock");

describe.each([
  ["a key", {}],
  ["a signature", { aws }],
])("with %s", (_, options) => {
  test("a whole answer leaves as it came, and its tokens are known", async () => {
    const reply = await ask({ input: "[[simulate: text=Grüße]]", store: true, metadata: { a: "b" } }, options);
    expect(asked()).toMatchObject({
      path: "/openai/v1/responses",
      body: { model: gpt, input: "[[simulate: text=Grüße]]", store: true, metadata: { a: "b" } },
    });
    if (reply.kind !== "completion") throw new Error("Expected a whole answer");
    const answer = JSON.parse(reply.native?.body ?? "") as Response;
    expect(answer.object).toBe("response");
    expect(JSON.stringify(answer.output)).toContain("Grüße");
    expect(reply.completion.choices[0]?.message.content).toBe("Grüße");
    expect(reply.outcome.usage?.outputTokens).toBeGreaterThan(0);
  });

  test("a stream passes event by event", async () => {
    const reply = await ask({ input: "[[simulate: text=Grüße, 世界]]", stream: true }, options);
    if (reply.kind !== "stream") throw new Error("Expected a stream");
    const parts: Buffer[] = [];
    for await (const part of reply.frames) parts.push(Buffer.from(part));
    const text = Buffer.concat(parts).toString();
    expect(text).toMatch(/^event: response\.created\n/);
    expect(text).toContain("event: response.completed\n");
    expect(reply.native?.completion()?.choices[0]?.message.content).toBe("Grüße, 世界");
    expect(reply.outcome.usage?.outputTokens).toBeGreaterThan(0);
    expect(asked()).toMatchObject({ path: "/openai/v1/responses", body: { model: gpt, stream: true } });
  });
});

test("a wrong signature is refused in AWS's words", async () => {
  const error = await rejection(ask({}, { aws: { ...aws, secretAccessKey: "wrong" } }));
  expect(error).toMatchObject({ provider: "bedrock", kind: "auth", providerCode: "InvalidSignatureException" });
});

test.each([
  [429, "rate-limit"],
  [503, "server"],
  [400, "request"],
])("an error in OpenAI's form is Bedrock's: %i", async (status, kind) => {
  const error = await rejection(ask({ input: `[[simulate: status=${status}]]` }));
  expect(error).toMatchObject({ name: "ProviderFailure", provider: "bedrock", kind, status });
  expect(error).toHaveProperty("providerMessage", expect.any(String));
});

describe("Converse has the request translated", () => {
  test.each<[string, Record<string, unknown>]>([
    ["with a tool that runs at OpenAI", { tools: [{ type: "web_search" }] }],
    ["with a guardrail", { guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" } }],
  ])("%s", async (_, fields) => {
    const reply = await ask(fields);
    expect(asked()?.path).toMatch(/\/converse$/);
    expect(reply.native).toBeUndefined();
  });

  test("but not what it cannot be asked", async () => {
    const fields = { previous_response_id: "resp_1", tools: [{ type: "web_search" }] };
    expect(await rejection(ask(fields))).toMatchObject({
      name: "GatewayError",
      param: "previous_response_id",
    });
    expect(asked()).toBeUndefined();
  });
});

test("a conversation is not made shorter at Bedrock", async () => {
  const call = toCall({}, {});
  providers().clearRequests();
  const untranslatable = new Error("not here") as never;
  const native =
    call.native === undefined ? undefined : { ...call.native, operation: "compact" as const, untranslatable };
  await expect(bedrockProvider.chat({ ...call, native })).rejects.toBe(untranslatable);
  expect(asked()).toBeUndefined();
});

test("the stand-in answers OpenAI's own client", async () => {
  const client = new OpenAI({ apiKey: "ABSK-1", baseURL: `${providers().baseUrls.bedrock}/openai/v1`, maxRetries: 0 });
  const { output_text: text } = await client.responses.create({ model: gpt, input: "[[simulate: text=Hello]]" });
  expect(text).toBe("Hello");
  await expect(client.responses.create({ model: "openai.gpt-oss-120b-1:0", input: "Hi" })).rejects.toThrow(
    "this route",
  );
});

test.each<[string, boolean]>([
  ["openai.gpt-6-sol", true],
  ["us-gov.openai.gpt-5.5", true],
  ["global.openai.gpt-6-sol", true],
  ["openai.gpt-oss-120b-1:0", false],
  ["us.openai.gpt-oss-safeguard-20b", false],
  ["us.anthropic.claude-sonnet-5", false],
  ["arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/openai.gpt-6", false],
])("speaks the dialect for %s: %s", (providerModel, speaks) => {
  expect(maySpeakDialect({ provider: "bedrock", providerModel }, "responses")).toBe(speaks);
  expect(maySpeakDialect({ provider: "custom", providerModel }, "responses")).toBe(false);
});
