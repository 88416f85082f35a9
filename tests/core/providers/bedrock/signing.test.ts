import { BedrockRuntimeClient, ConverseCommand, InvokeModelCommand } from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { beforeAll, describe, expect, test } from "vitest";
import { bedrockAccess } from "#core/providers/bedrock/access.ts";
import { failureFromResponse } from "#core/providers/bedrock/errors.ts";
import { addIdentity, exampleIdentity } from "#infra/local/aws/identities.ts";
import { signatureFault } from "#infra/local/aws/verify-signature.ts";
import { useProviders } from "#tests/infra/local/providers/harness.ts";
import { fc } from "#tests/support/property.ts";
import { type CallOptions, completionOf, rejection, streamOf } from "../support.ts";

/** Calls to Bedrock that AWS's signature proves, against a stand-in that checks them with the signer of AWS's own SDK. */

const { providers } = useProviders();
const modelId = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const profileArn = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/a1b2c3";
const region = "eu-central-1";
const session = { accessKeyId: "ASIASESSION", secretAccessKey: "session/secret+key", sessionToken: "tok/en+=" };
const aws = { sessionToken: undefined, ...exampleIdentity, region };

beforeAll(() => addIdentity(session));

const options = (fields: Partial<CallOptions> = {}): CallOptions => ({
  provider: "bedrock",
  model: modelId,
  baseUrl: providers().baseUrls.bedrock,
  aws,
  ...fields,
});
const say = (text: string) => ({ messages: [{ role: "user", content: `[[simulate: text=${text}]]` }] });

describe("a signed call", () => {
  test.each([
    ["a profile's id", modelId, aws],
    ["the ARN of an application inference profile", profileArn, aws],
    ["credentials of a session", modelId, { ...session, region }],
  ])("is taken with %s, whole and streamed", async (_, model, identity) => {
    const { completion } = await completionOf(say("Grüße, 世界"), options({ model, aws: identity }));
    expect(completion.choices[0]?.message.content).toBe("Grüße, 世界");
    const { chunks, failure } = await streamOf(say("Grüße, 世界"), options({ model, aws: identity }));
    expect(failure).toBeUndefined();
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("Grüße, 世界");
  });

  test("is signed over the bytes that are sent, where a text was cut in the middle of a character", async () => {
    const { completion } = await completionOf(
      { messages: [{ role: "user", content: "[[simulate: text=ok]] \ud83d" }] },
      options(),
    );
    expect(completion.choices[0]?.message.content).toBe("ok");
  });

  test.each([
    ["another secret", { ...aws, secretAccessKey: "wrong" }, "InvalidSignatureException"],
    ["an unknown access key", { ...aws, accessKeyId: "AKIDUNKNOWN" }, "UnrecognizedClientException"],
    ["a session without its token", { ...session, sessionToken: undefined, region }, "UnrecognizedClientException"],
    ["another session's token", { ...session, sessionToken: "other", region }, "UnrecognizedClientException"],
  ])("with %s is refused", async (_, identity, providerCode) => {
    const error = await rejection(completionOf(say("no"), options({ aws: identity })));
    expect(error).toMatchObject({ name: "ProviderFailure", kind: "auth", status: 403, providerCode });
  });

  test("never holds the secret, and a key is never sent with it", () => {
    const { url, headers } = bedrockAccess(
      { aws: { ...session, region }, byok: false, baseUrl: "https://bedrock-runtime.eu-central-1.amazonaws.com" },
      `/model/${encodeURIComponent(profileArn)}/converse`,
      "{}",
    );
    expect(JSON.stringify({ url, headers })).not.toContain(session.secretAccessKey);
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=ASIASESSION\/\d{8}\/eu-central-1\/bedrock\/aws4_request, /,
    );
  });

  test.each(["..", ".", "../x", "/converse"])("asks AWS nothing for the id %s", async (model) => {
    providers().clearRequests();
    const error = await rejection(completionOf(say("no"), options({ model })));
    expect(error).toMatchObject({ kind: "request", reason: "model_not_found" });
    expect(providers().requests()).toEqual([]);
  });
});

describe("the path that is signed", () => {
  test("is the one that AWS's own client asks for, of any id", async () => {
    let path = "";
    const client = new BedrockRuntimeClient({
      region,
      endpoint: "http://127.0.0.1:1",
      credentials: exampleIdentity,
      maxAttempts: 1,
      requestHandler: {
        handle: async (request: { readonly path: string }) => {
          path = request.path;
          throw new Error("Seen");
        },
      } as unknown as NodeHttpHandler,
    });
    const id = fc.stringMatching(/^[A-Za-z0-9][\w.:@/+-]{0,159}$/);
    await fc.assert(
      fc.asyncProperty(id, async (model) => {
        await client.send(new ConverseCommand({ modelId: model, messages: [] })).catch(() => undefined);
        const credential = { aws, byok: false, baseUrl: "http://127.0.0.1:1" };
        const { url } = bedrockAccess(credential, `/model/${encodeURIComponent(model)}/converse`, "{}");
        expect(new URL(url).pathname).toBe(path);
      }),
    );
  });
});

describe("the stand-in", () => {
  const client = (secretAccessKey: string) =>
    new BedrockRuntimeClient({
      region,
      endpoint: providers().baseUrls.bedrock,
      credentials: { ...exampleIdentity, secretAccessKey },
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler(),
    });
  const ask = () =>
    new InvokeModelCommand({
      modelId: profileArn,
      contentType: "application/json",
      body: JSON.stringify({
        anthropic_version: "bedrock-2023-05-31",
        max_tokens: 50,
        messages: [{ role: "user", content: "[[simulate: text=Hello]]" }],
      }),
    });

  test("takes what AWS's own client signs, and nothing under another secret", async () => {
    const { body } = await client(exampleIdentity.secretAccessKey).send(ask());
    expect(JSON.parse(body.transformToString())).toMatchObject({ content: [{ type: "text", text: "Hello" }] });
    await expect(client("wrong").send(ask())).rejects.toMatchObject({ name: "InvalidSignatureException" });
  });

  test("refuses a signature that is old, of another service, body, path or header", async () => {
    const path = `/model/${encodeURIComponent(modelId)}/converse`;
    const { url, headers } = bedrockAccess({ aws, byok: false, baseUrl: "http://local" }, path, "{}");
    const signed = { method: "POST", url: new URL(url).pathname, headers: { ...headers, host: "local" }, body: "{}" };
    expect(await signatureFault(signed, "bedrock")).toBeUndefined();
    const wrong = [
      signatureFault(signed, "bedrock", Date.now() + 6 * 60_000),
      signatureFault(signed, "sts"),
      signatureFault({ ...signed, body: "{ }" }, "bedrock"),
      signatureFault({ ...signed, url: path.replace("converse", "invoke") }, "bedrock"),
      signatureFault({ ...signed, headers: { ...signed.headers, host: "other" } }, "bedrock"),
      signatureFault({ ...signed, headers: { ...signed.headers, "x-amz-added": "1" } }, "bedrock"),
    ];
    for (const fault of wrong) expect(await fault).toMatchObject({ type: "InvalidSignatureException" });
  });
});

describe("what AWS says of who asked", () => {
  const role = "arn:aws:sts::123456789012:assumed-role/Chat/x";
  const answer = (message: string, byok: boolean) =>
    failureFromResponse(403, JSON.stringify({ message }), {}, { byok });

  test("reaches no caller, and of a caller's own account the rest does", () => {
    const words = `User: ${role} is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:::foundation-model/x of 123456789012`;
    expect(answer(words, true).providerMessage).toBe(words.replace(role, "[redacted]"));
    expect(answer(words, false).providerMessage).toBe(
      "User: [redacted] is not authorized to perform: bedrock:InvokeModel on resource: [redacted] of [redacted]",
    );
  });

  test("does not hide that the account has no access to the model", () => {
    const words = `Model access is denied due to User: ${role} is not authorized to perform: aws-marketplace:Subscribe`;
    expect(answer(words, true)).toMatchObject({
      kind: "request",
      reason: "model_not_found",
      providerMessage: words.replace(role, "[redacted]"),
    });
  });
});
