import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as kms from "@aws-sdk/client-kms";
import { afterEach, describe, expect, it } from "vitest";
import { type KmsOptions, type LocalKms, startKms } from "#infra/local/kms/server.ts";

const keyId = "11111111-2222-4333-8444-555555555555";
const alias = "alias/gateway";
const encryptionContext = { app: "gateway", purpose: "provider-key", user: "u1" };
const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const connect = ({ url }: LocalKms): kms.KMSClient => {
  const client = new kms.KMSClient({
    endpoint: url,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
  cleanUps.push(() => client.destroy());
  return client;
};

const start = async (options: Partial<KmsOptions> = {}): Promise<{ server: LocalKms; client: kms.KMSClient }> => {
  const server = await startKms({ keys: [{ alias, id: keyId, description: "the gateway's" }], ...options });
  cleanUps.push(() => server.close());
  return { server, client: connect(server) };
};

const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "kms-"));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  return folder;
};

const dataKey = async (client: kms.KMSClient) => {
  const output = await client.send(
    new kms.GenerateDataKeyCommand({ KeyId: alias, KeySpec: "AES_256", EncryptionContext: encryptionContext }),
  );
  const { CiphertextBlob, Plaintext, KeyId } = output;
  if (CiphertextBlob === undefined || Plaintext === undefined) throw new Error("GenerateDataKey answered half a key");
  return { ciphertext: CiphertextBlob, plaintext: Buffer.from(Plaintext), keyArn: KeyId };
};

const decrypt = async (
  client: kms.KMSClient,
  ciphertext: Uint8Array,
  context: Record<string, string> = encryptionContext,
): Promise<Buffer> => {
  const input = { CiphertextBlob: ciphertext, EncryptionContext: context };
  return Buffer.from((await client.send(new kms.DecryptCommand(input))).Plaintext ?? []);
};

describe("data keys", () => {
  it("opens a data key under the same context in any order, without being told the key", async () => {
    const { client } = await start();
    const { ciphertext, plaintext, keyArn } = await dataKey(client);
    expect(keyArn).toBe(`arn:aws:kms:us-east-1:000000000000:key/${keyId}`);
    expect(plaintext).toHaveLength(32);
    const reordered = Object.fromEntries(Object.entries(encryptionContext).toReversed());
    expect(await decrypt(client, ciphertext, reordered)).toEqual(plaintext);
  });

  it("makes ciphertexts as long as the service's own", async () => {
    const { client } = await start();
    expect((await dataKey(client)).ciphertext).toHaveLength(184);
  });

  it.each([
    ["another value", { ...encryptionContext, user: "u2" }],
    ["an entry less", { app: "gateway", purpose: "provider-key" }],
    ["an entry more", { ...encryptionContext, more: "1" }],
    ["no context", {}],
  ])("refuses a context with %s", async (_case, context) => {
    const { client } = await start();
    const { ciphertext } = await dataKey(client);
    await expect(decrypt(client, ciphertext, context)).rejects.toBeInstanceOf(kms.InvalidCiphertextException);
  });

  it("refuses a ciphertext cut short or of no key", async () => {
    const { client } = await start();
    const { ciphertext } = await dataKey(client);
    const cases = [ciphertext.slice(0, 100), ciphertext.slice(0, -1), new Uint8Array(184)];
    for (const blob of cases) {
      await expect(decrypt(client, blob)).rejects.toBeInstanceOf(kms.InvalidCiphertextException);
    }
  });

  it("gives a data key without its plaintext, of the length asked for", async () => {
    const { client } = await start();
    const output = await client.send(
      new kms.GenerateDataKeyWithoutPlaintextCommand({ KeyId: keyId, NumberOfBytes: 64 }),
    );
    expect(output).not.toHaveProperty("Plaintext");
    expect(await decrypt(client, output.CiphertextBlob ?? new Uint8Array(), {})).toHaveLength(64);
  });

  it("wants either a key spec or a number of bytes", async () => {
    const { client } = await start();
    for (const size of [{}, { KeySpec: "AES_128", NumberOfBytes: 16 } as const]) {
      const asked = client.send(new kms.GenerateDataKeyCommand({ KeyId: keyId, ...size }));
      await expect(asked).rejects.toMatchObject({ name: "ValidationException" });
    }
  });

  it("answers a dry run with its own error and nothing else", async () => {
    const { client } = await start();
    const asked = client.send(new kms.GenerateDataKeyCommand({ KeyId: keyId, KeySpec: "AES_256", DryRun: true }));
    await expect(asked).rejects.toBeInstanceOf(kms.DryRunOperationException);
  });
});

describe("encrypt, decrypt, re-encrypt", () => {
  it("encrypts up to 4096 bytes and no more", async () => {
    const { client } = await start();
    const encrypt = (bytes: number) =>
      client.send(new kms.EncryptCommand({ KeyId: alias, Plaintext: Buffer.alloc(bytes, 7) }));
    const { CiphertextBlob } = await encrypt(4096);
    expect(await decrypt(client, CiphertextBlob ?? new Uint8Array(), {})).toEqual(Buffer.alloc(4096, 7));
    await expect(encrypt(4097)).rejects.toMatchObject({ name: "ValidationException" });
  });

  it("refuses another key than the ciphertext's own", async () => {
    const { client } = await start();
    const { ciphertext } = await dataKey(client);
    const other = await client.send(new kms.CreateKeyCommand({}));
    const asked = client.send(
      new kms.DecryptCommand({
        CiphertextBlob: ciphertext,
        EncryptionContext: encryptionContext,
        KeyId: other.KeyMetadata?.Arn,
      }),
    );
    await expect(asked).rejects.toBeInstanceOf(kms.IncorrectKeyException);
  });

  it("moves a ciphertext to another key and context, so that the old context no longer opens it", async () => {
    const { client } = await start();
    const { ciphertext, plaintext } = await dataKey(client);
    const destination = await client.send(new kms.CreateKeyCommand({}));
    const moved = await client.send(
      new kms.ReEncryptCommand({
        CiphertextBlob: ciphertext,
        SourceEncryptionContext: encryptionContext,
        DestinationKeyId: destination.KeyMetadata?.KeyId,
        DestinationEncryptionContext: { user: "u9" },
      }),
    );
    const blob = moved.CiphertextBlob ?? new Uint8Array();
    expect(moved.KeyId).toBe(destination.KeyMetadata?.Arn);
    expect(await decrypt(client, blob, { user: "u9" })).toEqual(plaintext);
    await expect(decrypt(client, blob)).rejects.toBeInstanceOf(kms.InvalidCiphertextException);
  });

  it("gives random bytes", async () => {
    const { client } = await start();
    const { Plaintext } = await client.send(new kms.GenerateRandomCommand({ NumberOfBytes: 24 }));
    expect(Plaintext).toHaveLength(24);
  });
});

describe("rotation", () => {
  it("opens old ciphertexts after rotating, and seals new ones with the new backing key", async () => {
    const { client } = await start();
    const before = await dataKey(client);
    await client.send(new kms.RotateKeyOnDemandCommand({ KeyId: alias }));
    const after = await dataKey(client);
    expect(await decrypt(client, before.ciphertext)).toEqual(before.plaintext);
    expect(await decrypt(client, after.ciphertext)).toEqual(after.plaintext);
    // The header, which names the backing key, is all that the two share.
    expect(Buffer.from(after.ciphertext).subarray(0, 124)).not.toEqual(Buffer.from(before.ciphertext).subarray(0, 124));
    const { Rotations } = await client.send(new kms.ListKeyRotationsCommand({ KeyId: keyId }));
    expect(Rotations).toEqual([expect.objectContaining({ RotationType: "ON_DEMAND", RotationDate: expect.any(Date) })]);
  });

  it("switches automatic rotation on, with its next date, and off", async () => {
    const { client } = await start();
    const status = () => client.send(new kms.GetKeyRotationStatusCommand({ KeyId: keyId }));
    expect(await status()).toMatchObject({ KeyRotationEnabled: false });
    await client.send(new kms.EnableKeyRotationCommand({ KeyId: keyId, RotationPeriodInDays: 90 }));
    expect(await status()).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 90,
      NextRotationDate: expect.any(Date),
    });
    await client.send(new kms.DisableKeyRotationCommand({ KeyId: keyId }));
    expect(await status()).toMatchObject({ KeyRotationEnabled: false });
  });
});

describe("states of a key", () => {
  it("lets a disabled key do nothing until it is enabled again", async () => {
    const { client } = await start();
    const { ciphertext, plaintext } = await dataKey(client);
    await client.send(new kms.DisableKeyCommand({ KeyId: keyId }));
    await expect(decrypt(client, ciphertext)).rejects.toBeInstanceOf(kms.DisabledException);
    await expect(dataKey(client)).rejects.toBeInstanceOf(kms.DisabledException);
    await client.send(new kms.EnableKeyCommand({ KeyId: keyId }));
    expect(await decrypt(client, ciphertext)).toEqual(plaintext);
  });

  it("locks a key whose deletion is pending; cancelling leaves it disabled", async () => {
    const { client } = await start();
    const { ciphertext } = await dataKey(client);
    const scheduled = await client.send(new kms.ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 }));
    expect(scheduled).toMatchObject({ KeyState: "PendingDeletion", PendingWindowInDays: 7 });
    await expect(decrypt(client, ciphertext)).rejects.toBeInstanceOf(kms.KMSInvalidStateException);
    const enable = client.send(new kms.EnableKeyCommand({ KeyId: keyId }));
    await expect(enable).rejects.toBeInstanceOf(kms.KMSInvalidStateException);
    await client.send(new kms.CancelKeyDeletionCommand({ KeyId: keyId }));
    const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId: keyId }));
    expect(KeyMetadata).toMatchObject({ KeyState: "Disabled", Enabled: false });
    expect(KeyMetadata).not.toHaveProperty("DeletionDate");
  });

  it("destroys a key, its aliases and what it sealed when the deletion date comes", async () => {
    let now = Date.now();
    const { client } = await start({ now: () => now });
    const { ciphertext } = await dataKey(client);
    await client.send(new kms.ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 }));
    now += 7 * 86_400_000;
    await expect(decrypt(client, ciphertext)).rejects.toBeInstanceOf(kms.InvalidCiphertextException);
    const describeKey = client.send(new kms.DescribeKeyCommand({ KeyId: alias }));
    await expect(describeKey).rejects.toBeInstanceOf(kms.NotFoundException);
  });
});

describe("keys and aliases", () => {
  it("describes a key by id, ARN and alias", async () => {
    const { client } = await start();
    const arn = `arn:aws:kms:us-east-1:000000000000:key/${keyId}`;
    for (const reference of [keyId, arn, alias, `arn:aws:kms:us-east-1:000000000000:${alias}`]) {
      const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId: reference }));
      expect(KeyMetadata).toMatchObject({ KeyId: keyId, Arn: arn, Description: "the gateway's", KeyState: "Enabled" });
    }
  });

  it.each(["alias/none", "99999999-2222-4333-8444-555555555555", "not a key"])(
    "does not find %s",
    async (reference) => {
      const { client } = await start();
      const asked = client.send(new kms.DescribeKeyCommand({ KeyId: reference }));
      await expect(asked).rejects.toBeInstanceOf(kms.NotFoundException);
    },
  );

  it("creates, moves, lists and deletes an alias", async () => {
    const { client } = await start();
    const second = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata?.KeyId;
    const target = async () =>
      (await client.send(new kms.ListAliasesCommand({}))).Aliases?.find(({ AliasName }) => AliasName === "alias/moving")
        ?.TargetKeyId;
    await client.send(new kms.CreateAliasCommand({ AliasName: "alias/moving", TargetKeyId: keyId }));
    expect(await target()).toBe(keyId);
    const again = client.send(new kms.CreateAliasCommand({ AliasName: "alias/moving", TargetKeyId: keyId }));
    await expect(again).rejects.toBeInstanceOf(kms.AlreadyExistsException);
    await client.send(new kms.UpdateAliasCommand({ AliasName: "alias/moving", TargetKeyId: second }));
    expect(await target()).toBe(second);
    await client.send(new kms.DeleteAliasCommand({ AliasName: "alias/moving" }));
    expect(await target()).toBeUndefined();
  });

  it("refuses an alias name of AWS's own or without its prefix", async () => {
    const { client } = await start();
    for (const AliasName of ["alias/aws/s3", "gateway"]) {
      const asked = client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: keyId }));
      await expect(asked).rejects.toBeInstanceOf(kms.InvalidAliasNameException);
    }
  });

  it("lists keys page by page", async () => {
    const { client } = await start();
    for (let count = 0; count < 4; count += 1) await client.send(new kms.CreateKeyCommand({}));
    const ids: (string | undefined)[] = [];
    for await (const { Keys = [] } of kms.paginateListKeys({ client, pageSize: 2 }, {})) {
      expect(Keys.length).toBeLessThanOrEqual(2);
      ids.push(...Keys.map((key) => key.KeyId));
    }
    expect(new Set(ids).size).toBe(5);
  });

  it("refuses kinds of key that it does not have", async () => {
    const { client } = await start();
    const asked = client.send(new kms.CreateKeyCommand({ KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" }));
    await expect(asked).rejects.toBeInstanceOf(kms.UnsupportedOperationException);
  });
});

describe("the data file", () => {
  it("opens after a restart what was sealed before it, over rotations, and keeps the seeded key", async () => {
    const dataFile = join(temporaryFolder(), "kms.json");
    const first = await start({ dataFile });
    const sealed = await dataKey(first.client);
    await first.client.send(new kms.RotateKeyOnDemandCommand({ KeyId: alias }));
    await first.server.close();
    const second = await start({ dataFile });
    expect(await decrypt(second.client, sealed.ciphertext)).toEqual(sealed.plaintext);
    const { Keys } = await second.client.send(new kms.ListKeysCommand({}));
    expect(Keys).toHaveLength(1);
  });

  it("is readable by its owner only", async () => {
    const dataFile = join(temporaryFolder(), "kms.json");
    await start({ dataFile });
    expect(statSync(dataFile).mode & 0o777).toBe(0o600);
  });

  it("that is damaged stops the start with an error that quotes none of it", async () => {
    const dataFile = join(temporaryFolder(), "kms.json");
    await start({ dataFile });
    writeFileSync(dataFile, readFileSync(dataFile, "utf8").slice(0, -40));
    const restart = startKms({ dataFile, keys: [] });
    await expect(restart).rejects.toThrow(`${dirname(dataFile)} (kms.json is not readable)`);
  });
});

describe("the wire", () => {
  it("refuses a request without a signature, an unknown operation and a body that is not JSON", async () => {
    const { server } = await start();
    const post = async (headers: Record<string, string>, body = "{}") => {
      const response = await fetch(server.url, { method: "POST", headers, body });
      return { status: response.status, type: response.headers.get("content-type"), body: await response.json() };
    };
    const signed = { authorization: "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/kms/aws4_request" };
    const refusal = (type: string) => ({
      status: 400,
      type: "application/x-amz-json-1.1",
      body: expect.objectContaining({ __type: type }),
    });
    const listKeys = { "x-amz-target": "TrentService.ListKeys" };
    expect(await post(listKeys)).toEqual(refusal("MissingAuthenticationTokenException"));
    const unknown = { ...signed, "x-amz-target": "TrentService.constructor" };
    expect(await post(unknown)).toEqual(refusal("UnknownOperationException"));
    expect(await post({ ...signed, ...listKeys }, "{")).toEqual(refusal("SerializationException"));
  });

  it("says at start that its port is taken", async () => {
    const { server } = await start();
    const second = startKms({ port: Number(new URL(server.url).port), keys: [] });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
