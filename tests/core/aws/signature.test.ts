import { SignatureV4 } from "@smithy/signature-v4";
import { describe, expect, it } from "vitest";
import { type PathPost, signPathPost } from "#core/aws/sign-path.ts";
import { type SignedPost, signPost } from "#core/aws/signature.ts";
import { Sha256 } from "#infra/local/aws/verify-signature.ts";
import { fc } from "#tests/support/property.ts";

interface Post extends Omit<SignedPost, "service" | "target"> {
  readonly service: string;
  readonly path?: string;
  readonly target?: string;
}

const bySdk = async (post: Post): Promise<Record<string, string>> => {
  const signer = new SignatureV4({
    service: post.service,
    region: post.region,
    credentials: {
      accessKeyId: post.credentials.accessKeyId,
      secretAccessKey: post.credentials.secretAccessKey,
      ...(post.credentials.sessionToken === undefined ? {} : { sessionToken: post.credentials.sessionToken }),
    },
    sha256: Sha256,
    applyChecksum: false,
  });
  const signed = await signer.sign(
    {
      method: "POST",
      protocol: "https:",
      hostname: post.host,
      path: post.path ?? "/",
      query: {},
      headers: {
        host: post.host,
        "content-type": post.contentType,
        ...(post.target === undefined ? {} : { "x-amz-target": post.target }),
      },
      body: post.body,
    },
    { signingDate: post.now },
  );
  const { host: _, ...headers } = signed.headers;
  return headers;
};

const word = fc.stringMatching(/^[A-Za-z0-9/+=]{1,60}$/);
const post: fc.Arbitrary<SignedPost> = fc.record({
  service: fc.constantFrom("dynamodb", "kms"),
  region: fc.constantFrom("us-east-1", "eu-central-2", "ap-southeast-7"),
  host: fc.constantFrom("dynamodb.us-east-1.amazonaws.com", "127.0.0.1:4566", "[::1]:8000"),
  contentType: fc.constantFrom("application/x-amz-json-1.0", "application/x-amz-json-1.1"),
  target: fc.constantFrom("DynamoDB_20120810.GetItem", "TrentService.Decrypt"),
  body: fc.string({ unit: "binary", maxLength: 200 }).map((text) => JSON.stringify({ text })),
  credentials: fc.record({
    accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,24}$/),
    secretAccessKey: word,
    sessionToken: fc.option(word, { nil: undefined }),
  }),
  now: fc.date({ min: new Date("2015-01-01"), max: new Date("2099-12-31"), noInvalidDate: true }),
});

describe("signPost", () => {
  it("equals the AWS SDK's own signer for any input, with and without a session token", async () => {
    await fc.assert(
      fc.asyncProperty(post, async (input) => {
        expect(signPost(input)).toEqual(await bySdk(input));
      }),
    );
  });

  it("keeps no signing key of another secret, day, region or service", async () => {
    const base: SignedPost = {
      service: "dynamodb",
      region: "us-east-1",
      host: "dynamodb.us-east-1.amazonaws.com",
      contentType: "application/x-amz-json-1.0",
      target: "DynamoDB_20120810.GetItem",
      body: "{}",
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "first", sessionToken: undefined },
      now: new Date("2026-11-22T23:59:59.999Z"),
    };
    const others: SignedPost[] = [
      base,
      { ...base, credentials: { ...base.credentials, secretAccessKey: "second" } },
      { ...base, now: new Date("2026-11-23T00:00:00.000Z") },
      { ...base, region: "eu-west-1" },
      { ...base, service: "kms" },
      base,
    ];
    for (const other of others) expect(signPost(other)).toEqual(await bySdk(other));
  });
});

/** Ids of models and profiles as AWS forms them, and others of every character that a name may have. */
const modelId = fc.oneof(
  fc.constantFrom(
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "global.anthropic.claude-fable-5-2",
    "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc123",
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-2-lite-v1:0",
    "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/openai.gpt-oss-120b-1:0",
  ),
  fc.stringMatching(/^[A-Za-z0-9][\w.:@/+-]{0,159}$/),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).map((text) => `a${text.toWellFormed()}`),
);
const operation = fc.constantFrom("converse", "converse-stream", "invoke", "invoke-with-response-stream");
const modelPath = fc
  .tuple(fc.constantFrom("", "/bedrock"), modelId, operation)
  .map(([base, id, name]) => `${base}/model/${encodeURIComponent(id)}/${name}`);
const pathPost: fc.Arbitrary<PathPost> = fc
  .tuple(post, fc.constantFrom("bedrock", "sts"), fc.oneof(modelPath, fc.constant("/")))
  .map(([{ host, body, now, region, credentials }, service, path]) => ({
    ...{ service, host, path, body, now, contentType: "application/json" },
    identity: { ...credentials, region },
  }));

describe("signPathPost", () => {
  it("equals the AWS SDK's own signer for the path of any model id and ARN", async () => {
    await fc.assert(
      fc.asyncProperty(pathPost, async (input) => {
        const { identity, ...rest } = input;
        expect(signPathPost(input)).toEqual(await bySdk({ ...rest, region: identity.region, credentials: identity }));
      }),
    );
  });
});
