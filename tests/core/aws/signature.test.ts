import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { describe, expect, it } from "vitest";
import { type SignedPost, signPost } from "#core/aws/signature.ts";
import { fc } from "#tests/support/property.ts";

/** Node's SHA-256 in the form that the SDK's signer takes. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash>;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined
        ? createHash("sha256")
        : // A Hmac has the two methods of a Hash that are used here.
          (createHmac("sha256", secret as string) as unknown as ReturnType<typeof createHash>);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }
  reset(): void {}
}

const bySdk = async (post: SignedPost): Promise<Record<string, string>> => {
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
      path: "/",
      query: {},
      headers: { host: post.host, "content-type": post.contentType, "x-amz-target": post.target },
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
