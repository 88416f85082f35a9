import { BedrockRuntimeClient, InvokeModelCommand } from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { describe, expect, it } from "vitest";
import { resolveEmbeddingModel } from "#core/catalog/resolve-embedding.ts";
import { callBedrockEmbeddings } from "#core/embeddings/call-bedrock.ts";
import { checkEmbeddingRequest } from "#core/embeddings/to-request.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { embeddingRequestSchema } from "#core/schemas/embeddings.ts";
import { exampleIdentity } from "#infra/local/aws/identities.ts";
import { rejection } from "#tests/core/providers/support.ts";
import { useProviders } from "#tests/infra/local/providers/harness.ts";

const { providers } = useProviders();
const titan = "amazon.titan-embed-text-v2:0";

const call = (model: string, fields: object, shapedAs = model) =>
  callBedrockEmbeddings({
    model,
    shapedAs,
    request: embeddingRequestSchema.parse({ model: `bedrock/${model}`, ...fields }),
    credential: {
      aws: { sessionToken: undefined, ...exampleIdentity, region: "us-east-1" },
      byok: false,
      baseUrl: providers().baseUrls.bedrock,
    },
    signal: AbortSignal.timeout(10_000),
    timeoutMs: 10_000,
  });
const bodies = () =>
  providers()
    .requests()
    .map(({ body }) => body);

describe("embeddings over Bedrock", () => {
  it("asks Titan once a text, in the order of the input, and adds up the tokens that Bedrock counts", async () => {
    providers().clearRequests();
    const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`);
    const { response, usage } = await call(titan, { input: texts, dimensions: 256 });
    expect(response.data.map(({ index }) => index)).toEqual(texts.map((_, index) => index));
    for (const { embedding } of response.data) expect(embedding).toHaveLength(256);
    expect(bodies()).toHaveLength(20);
    const alone = await Promise.all([0, 19].map((at) => call(titan, { input: texts[at], dimensions: 256 })));
    expect([response.data[0]?.embedding, response.data[19]?.embedding]).toEqual(
      alone.map(({ response: { data } }) => data[0]?.embedding),
    );
    expect(usage?.inputTokens).toBeGreaterThan(20);
    expect(response.usage.prompt_tokens).toBe(usage?.inputTokens);
  });

  it.each([
    ["cohere.embed-english-v3", {}, 1_024],
    ["us.cohere.embed-v4:0", { dimensions: 512 }, 512],
  ])("asks %s for up to 96 texts at once", async (model, fields, length) => {
    providers().clearRequests();
    const input = Array.from({ length: 100 }, (_, index) => `text ${index}`);
    const { response } = await call(model, { input, input_type: "search_query", ...fields });
    expect(response.data.map(({ embedding }) => embedding.length)).toEqual(input.map(() => length));
    expect(
      bodies()
        .map((body) => (body as { texts: string[] }).texts.length)
        .sort(),
    ).toEqual([4, 96]);
    for (const body of bodies()) expect(body).toMatchObject({ input_type: "search_query" });
  });

  it("gives base64 where it is asked for, and takes an ARN in the form of what it stands for", async () => {
    const floats = await call(titan, { input: "one" });
    const base64 = await call(titan, { input: "one", encoding_format: "base64" });
    const bytes = Buffer.from(String(base64.response.data[0]?.embedding), "base64");
    expect(bytes.readFloatLE(0)).toBe(floats.response.data[0]?.embedding[0]);
  });

  it("counts what was answered before a failure, and says AWS's words", async () => {
    const failure = await rejection(call(titan, { input: ["one", "[[simulate: status=429]]"] }));
    if (!(failure instanceof ProviderFailure)) throw new Error("Not a failure of the provider");
    expect(failure).toMatchObject({ kind: "rate-limit", providerCode: "ThrottlingException" });
    expect(failure.outcome?.usage?.inputTokens).toBeGreaterThan(0);
    const alone = await rejection(call(titan, { input: "[[simulate: status=429]]" }));
    expect((alone as ProviderFailure).outcome).toBeUndefined();
  });

  it("is what AWS's own client reads of the stand-in", async () => {
    const client = new BedrockRuntimeClient({
      region: "us-east-1",
      endpoint: providers().baseUrls.bedrock,
      credentials: exampleIdentity,
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler(),
    });
    const { body } = await client.send(
      new InvokeModelCommand({ modelId: titan, contentType: "application/json", body: '{"inputText":"one"}' }),
    );
    const { response } = await call(titan, { input: "one" });
    expect(JSON.parse(body.transformToString()).embedding).toEqual(response.data[0]?.embedding);
  });
});

describe("a request for embeddings of Bedrock", () => {
  const check = (model: string, fields: object) => () =>
    checkEmbeddingRequest(embeddingRequestSchema.parse({ model, input: "x", ...fields }), resolveEmbeddingModel(model));

  it.each([
    ["dimensions that it does not have", `bedrock/${titan}`, { dimensions: 300 }, "dimensions"],
    ["tokens", `bedrock/${titan}`, { input: [1, 2] }, "input"],
    ["too many texts for one call each", `bedrock/${titan}`, { input: Array(257).fill("x") }, "input"],
  ])("is refused with %s", (_what, model, fields, param) => {
    expect(check(model, fields)).toThrow(expect.objectContaining({ code: "BAD_REQUEST", param }));
  });

  it("names Titan's and Cohere's models only", () => {
    expect(resolveEmbeddingModel(`bedrock/${titan}`).catalog?.prices.input).toBe(20_000);
    expect(() => resolveEmbeddingModel("bedrock/amazon.nova-lite-v1:0")).toThrow("No embedding model has this name");
  });
});
