import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commonErrorTypes, modelErrorTypes } from "#infra/local/kms/kms-error.ts";
import { kmsOperations, type LocalKms, startKms } from "#infra/local/kms/server.ts";
import { contract } from "#tests/support/contracts.ts";
import { SmithyModel } from "./smithy-model.ts";

const modelPath = contract("aws-kms.smithy.json");

type Input = Readonly<Record<string, unknown>>;

describe.skipIf(modelPath === undefined)("KMS against AWS's model (skipped where shared/contracts is absent)", () => {
  const keyId = "11111111-2222-4333-8444-555555555555";
  const model = modelPath === undefined ? undefined : new SmithyModel(modelPath, "com.amazonaws.kms");
  let server: LocalKms;

  beforeAll(async () => {
    server = await startKms({ keys: [{ alias: "alias/contract", id: keyId }] });
  });
  afterAll(() => server.close());

  const theModel = (): SmithyModel => {
    if (model === undefined) throw new Error("The model is absent: these tests should have been skipped");
    return model;
  };

  const call = async (name: string, input: Input): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(server.url, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `TrentService.${name}`,
        authorization: "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/kms/aws4_request",
      },
      body: JSON.stringify(input),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
  };

  it.each([...kmsOperations])(
    "%s reads no member that the model does not have, and every required one",
    (name, { input }) => {
      const members = theModel().members(theModel().operation(name).input);
      expect(members.map((member) => member.name)).toEqual(expect.arrayContaining(Object.keys(input.shape)));
      const required = members.filter(({ isRequired }) => isRequired).map((member) => member.name);
      expect(Object.keys(input.shape)).toEqual(expect.arrayContaining(required));
      for (const member of required) expect(input.shape[member]?.safeParse(undefined).success, member).toBe(false);
    },
  );

  it("answers every operation with an output of the model's shape", async () => {
    const context = { user: "u1" };
    const created = await call("CreateKey", { Description: "second" });
    const second = String((created.body.KeyMetadata as { KeyId: string }).KeyId);
    const sealed = await call("Encrypt", { KeyId: keyId, Plaintext: "aGVsbG8=", EncryptionContext: context });
    const CiphertextBlob = sealed.body.CiphertextBlob;
    const steps: [name: string, input: Input][] = [
      ["CreateKey", {}],
      ["DescribeKey", { KeyId: second }],
      ["ListKeys", { Limit: 1 }],
      ["CreateAlias", { AliasName: "alias/second", TargetKeyId: second }],
      ["UpdateAlias", { AliasName: "alias/second", TargetKeyId: keyId }],
      ["ListAliases", { Limit: 1 }],
      ["DeleteAlias", { AliasName: "alias/second" }],
      ["GenerateDataKey", { KeyId: keyId, KeySpec: "AES_256" }],
      ["GenerateDataKeyWithoutPlaintext", { KeyId: keyId, KeySpec: "AES_256" }],
      ["GenerateRandom", { NumberOfBytes: 8 }],
      ["Encrypt", { KeyId: keyId, Plaintext: "aGVsbG8=" }],
      ["Decrypt", { CiphertextBlob, EncryptionContext: context }],
      ["ReEncrypt", { CiphertextBlob, SourceEncryptionContext: context, DestinationKeyId: second }],
      ["EnableKeyRotation", { KeyId: second }],
      ["GetKeyRotationStatus", { KeyId: second }],
      ["RotateKeyOnDemand", { KeyId: second }],
      ["ListKeyRotations", { KeyId: second }],
      ["DisableKeyRotation", { KeyId: second }],
      ["DisableKey", { KeyId: second }],
      ["EnableKey", { KeyId: second }],
      ["ScheduleKeyDeletion", { KeyId: second }],
      ["DescribeKey", { KeyId: second }],
      ["CancelKeyDeletion", { KeyId: second }],
    ];
    for (const [name, input] of steps) {
      const { status, body } = await call(name, input);
      expect({ name, status, misfits: theModel().misfits(body, theModel().operation(name).output) }).toEqual({
        name,
        status: 200,
        misfits: [],
      });
    }
    // So that an operation added later cannot go unchecked.
    expect(new Set(steps.map(([name]) => name))).toEqual(new Set(kmsOperations.keys()));
  });

  it("knows only error types of the model, besides AWS's common ones", () => {
    expect(modelErrorTypes.filter((type) => !theModel().isError(type))).toEqual([]);
  });

  it.each<[type: string, name: string, input: Input]>([
    ["NotFoundException", "DescribeKey", { KeyId: "alias/none" }],
    ["InvalidArnException", "DescribeKey", { KeyId: "arn:aws:s3:::bucket" }],
    ["NotFoundException", "Encrypt", { KeyId: "alias/none", Plaintext: "aGVsbG8=" }],
    ["InvalidCiphertextException", "Decrypt", { CiphertextBlob: "aGVsbG8=" }],
    [
      "InvalidKeyUsageException",
      "Encrypt",
      { KeyId: keyId, Plaintext: "YQ==", EncryptionAlgorithm: "RSAES_OAEP_SHA_1" },
    ],
    ["DryRunOperationException", "GenerateDataKey", { KeyId: keyId, KeySpec: "AES_256", DryRun: true }],
    ["AlreadyExistsException", "CreateAlias", { AliasName: "alias/contract", TargetKeyId: keyId }],
    ["InvalidAliasNameException", "CreateAlias", { AliasName: "alias/aws/x", TargetKeyId: keyId }],
    ["InvalidMarkerException", "ListKeys", { Marker: "nonsense" }],
    ["KMSInvalidStateException", "CancelKeyDeletion", { KeyId: keyId }],
    ["UnsupportedOperationException", "CreateKey", { KeySpec: "RSA_2048" }],
    ["ValidationException", "GenerateDataKey", { KeyId: keyId }],
    ["ValidationException", "DescribeKey", {}],
  ])("answers %s, which %s may throw", async (type, name, input) => {
    const { status, body } = await call(name, input);
    expect({ status, type: body.__type }).toEqual({ status: 400, type });
    expect([...theModel().operation(name).errors, ...commonErrorTypes]).toContain(type);
  });
});
