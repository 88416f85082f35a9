import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AwsError } from "#core/aws/json-call.ts";
import {
  encryptionContext,
  forgetDataKeys,
  generateDataKey,
  type KeyOwner,
  unwrapDataKey,
} from "#core/encryption/data-key.ts";
import { SealBroken } from "#core/encryption/envelope.ts";
import { kmsKeyId, kmsOperation, useKms } from "#tests/accounts/support/stand-ins.ts";
import { operationOf } from "#tests/core/support/relay.ts";

const kms = useKms();

const newOwner = (): KeyOwner => ({
  purpose: "provider-key",
  userId: `user_${randomUUID()}`,
  id: `pk_${randomUUID()}`,
});
const bodies = (operation: string): readonly Record<string, unknown>[] =>
  kms()
    .requests.filter((request) => operationOf(request) === operation)
    .map(({ body }) => JSON.parse(body) as Record<string, unknown>);
const refused = (status: number, type: string) => ({
  kind: "answer" as const,
  status,
  body: JSON.stringify({ __type: type, message: "User: arn:aws:sts::1:assumed-role/x is not authorized" }),
});

/** Every buffer that is overwritten from here on, as hex of what it held. */
const watchOverwriting = (): readonly string[] => {
  const held: string[] = [];
  const fill = Buffer.prototype.fill;
  vi.spyOn(Buffer.prototype, "fill").mockImplementation(function (this: Buffer, ...values) {
    held.push(this.toString("hex"));
    return Reflect.apply(fill, this, values) as Buffer;
  });
  return held;
};

beforeEach(() => forgetDataKeys());
afterEach(() => {
  vi.restoreAllMocks();
});

describe("data keys", () => {
  it("are 256 bits, new for each owner's record, and unwrap to what they were", async () => {
    const owner = newOwner();
    const first = await generateDataKey(owner);
    const second = await generateDataKey(owner);
    expect(first.plaintext).toHaveLength(32);
    expect(first.plaintext.equals(second.plaintext)).toBe(false);
    expect(await unwrapDataKey(first.wrapped, owner, 1)).toEqual(first.plaintext);
  });

  it("are asked for under the constant names that IAM demands, and the owner", async () => {
    const owner = newOwner();
    const { wrapped } = await generateDataKey(owner);
    await unwrapDataKey(wrapped, owner, 1);
    const context = { app: "concurred", stage: "test", purpose: "provider-key", userId: owner.userId, id: owner.id };
    expect(encryptionContext(owner)).toEqual(context);
    expect(bodies("GenerateDataKey")).toMatchObject([{ KeySpec: "AES_256", EncryptionContext: context }]);
    expect(bodies("Decrypt")).toMatchObject([{ EncryptionContext: context }]);
  });

  it.each(["userId", "id", "purpose"] as const)("do not unwrap for another %s", async (name) => {
    const owner = newOwner();
    const { wrapped } = await generateDataKey(owner);
    const other = { ...owner, [name]: name === "purpose" ? "cached-answer" : "other" } as KeyOwner;
    await expect(unwrapDataKey(wrapped, other, 1)).rejects.toThrow(SealBroken);
    // Neither after the right owner's key is kept.
    await unwrapDataKey(wrapped, owner, 1);
    await expect(unwrapDataKey(wrapped, other, 1)).rejects.toThrow(SealBroken);
  });

  it("do not unwrap with any bit of the wrapped key flipped", async () => {
    const owner = newOwner();
    const { wrapped } = await generateDataKey(owner);
    const bytes = Buffer.from(wrapped, "base64");
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at);
      await expect(unwrapDataKey(damaged.toString("base64"), owner, 1)).rejects.toThrow(SealBroken);
    }
  });

  it.each(["", "AAAA", "not base64 !"])("do not unwrap from %j", async (wrapped) => {
    await expect(unwrapDataKey(wrapped, newOwner(), 1)).rejects.toThrow();
  });

  it("are asked of KMS once in five minutes, and again after", async () => {
    const owner = newOwner();
    const { wrapped } = await generateDataKey(owner);
    const now = 1_800_000_000_000;
    await unwrapDataKey(wrapped, owner, 1, now);
    await unwrapDataKey(wrapped, owner, 1, now + 299_999);
    expect(bodies("Decrypt")).toHaveLength(1);
    await unwrapDataKey(wrapped, owner, 1, now + 300_000);
    expect(bodies("Decrypt")).toHaveLength(2);
  });

  it("are asked again for another version of the row", async () => {
    const owner = newOwner();
    const { wrapped } = await generateDataKey(owner);
    await unwrapDataKey(wrapped, owner, 1);
    await unwrapDataKey(wrapped, owner, 2);
    expect(bodies("Decrypt")).toHaveLength(2);
  });

  it("are asked again once they were forgotten", async () => {
    const owner = newOwner();
    const { wrapped } = await generateDataKey(owner);
    await unwrapDataKey(wrapped, owner, 1);
    forgetDataKeys();
    await unwrapDataKey(wrapped, owner, 1);
    expect(bodies("Decrypt")).toHaveLength(2);
  });

  it("are overwritten when their time is over and the next one comes, and not a millisecond before", async () => {
    const [owner, other] = [newOwner(), newOwner()];
    const first = await generateDataKey(owner);
    const second = await generateDataKey(other);
    const now = 1_800_000_000_000;
    await unwrapDataKey(first.wrapped, owner, 1, now);
    const overwritten = watchOverwriting();
    await unwrapDataKey(second.wrapped, other, 1, now + 299_999);
    expect(overwritten).toEqual([]);
    await unwrapDataKey(second.wrapped, other, 2, now + 300_000);
    expect(overwritten).toEqual([first.plaintext.toString("hex")]);
  });

  it("are overwritten when they are forgotten", async () => {
    const owner = newOwner();
    const { wrapped, plaintext } = await generateDataKey(owner);
    await unwrapDataKey(wrapped, owner, 1);
    const overwritten = watchOverwriting();
    forgetDataKeys();
    expect(overwritten).toEqual([plaintext.toString("hex")]);
  });

  it("leave no copy behind when two requests unwrap the same one at once", async () => {
    const owner = newOwner();
    const { wrapped, plaintext } = await generateDataKey(owner);
    const overwritten = watchOverwriting();
    const both = await Promise.all([unwrapDataKey(wrapped, owner, 1), unwrapDataKey(wrapped, owner, 1)]);
    expect(both).toEqual([plaintext, plaintext]);
    expect(overwritten).toEqual([plaintext.toString("hex")]);
  });

  it("are kept for the 500 that came last: the oldest one makes room", async () => {
    const owner = newOwner();
    const { wrapped } = await generateDataKey(owner);
    for (let version = 1; version <= 501; version++) await unwrapDataKey(wrapped, owner, version);
    await unwrapDataKey(wrapped, owner, 501);
    await unwrapDataKey(wrapped, owner, 2);
    expect(bodies("Decrypt")).toHaveLength(501);
    await unwrapDataKey(wrapped, owner, 1);
    expect(bodies("Decrypt")).toHaveLength(502);
  });

  it("are copies: overwriting one after its use leaves the kept one whole", async () => {
    const owner = newOwner();
    const { wrapped, plaintext } = await generateDataKey(owner);
    (await unwrapDataKey(wrapped, owner, 1)).fill(0);
    (await unwrapDataKey(wrapped, owner, 1)).fill(0);
    expect(await unwrapDataKey(wrapped, owner, 1)).toEqual(plaintext);
    expect(bodies("Decrypt")).toHaveLength(1);
  });

  it("stay usable for whoever holds one while they are forgotten beside it", async () => {
    const owner = newOwner();
    const { wrapped, plaintext } = await generateDataKey(owner);
    await unwrapDataKey(wrapped, owner, 1);
    const held = unwrapDataKey(wrapped, owner, 1);
    forgetDataKeys();
    expect(await held).toEqual(plaintext);
  });

  it.each([
    ["denies it", 400, "AccessDeniedException", false],
    ["is throttled", 400, "ThrottlingException", true],
    ["fails", 500, "KMSInternalException", true],
  ])("are an AwsError without a secret when KMS %s", async (_name, status, type, transient) => {
    kms().intercept = () => refused(status, type);
    for (const call of [() => generateDataKey(newOwner()), () => unwrapDataKey("AAAA", newOwner(), 1)]) {
      const error = await call().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(AwsError);
      expect(error).toMatchObject({ type, transient });
    }
  });

  it.each(["InvalidCiphertextException", "IncorrectKeyException", "ValidationException"])(
    "are damaged, not out of reach, when KMS answers %s",
    async (type) => {
      kms().intercept = () => refused(400, type);
      await expect(unwrapDataKey("AAAA", newOwner(), 1)).rejects.toThrow(SealBroken);
    },
  );

  it.each(["{}", '{"Plaintext":7,"CiphertextBlob":7}'])(
    "are a fault of KMS when it answers 200 with %s",
    async (body) => {
      kms().intercept = () => ({ kind: "answer", status: 200, body });
      for (const call of [() => generateDataKey(newOwner()), () => unwrapDataKey("AAAA", newOwner(), 1)]) {
        await expect(call()).rejects.toMatchObject({ name: "AwsError", type: "KMSInternalException" });
      }
    },
  );

  it("are tried again after a transient fault, at most three times", async () => {
    let left = 2;
    kms().intercept = () => (left-- > 0 ? refused(500, "KMSInternalException") : undefined);
    await expect(generateDataKey(newOwner())).resolves.toMatchObject({ wrapped: expect.any(String) });
    kms().reset();
    kms().intercept = () => refused(500, "KMSInternalException");
    await expect(generateDataKey(newOwner())).rejects.toMatchObject({ type: "KMSInternalException" });
    expect(kms().requests).toHaveLength(3);
  });

  it("are refused while the KMS key is disabled, and work again once it is enabled", async () => {
    const owner = newOwner();
    const { wrapped } = await generateDataKey(owner);
    await kmsOperation(kms(), "DisableKey", { KeyId: kmsKeyId });
    await expect(generateDataKey(owner)).rejects.toMatchObject({ type: "DisabledException" });
    await expect(unwrapDataKey(wrapped, owner, 1)).rejects.toMatchObject({ type: "DisabledException" });
    await kmsOperation(kms(), "EnableKey", { KeyId: kmsKeyId });
    await expect(unwrapDataKey(wrapped, owner, 1)).resolves.toHaveLength(32);
  });
});
