import * as z from "zod";
import { accountId, aliasArn, type KmsKey, keyArn, requireEnabled, requireNotPendingDeletion } from "./key-store.ts";
import { KmsError } from "./kms-error.ts";
import { keyReference, type Operation, operation, page, pageInput } from "./operation.ts";

const secondsADay = 86_400;
/** "You can perform on-demand key rotation a maximum of 10 times per KMS key" (RotateKeyOnDemand, model of 2025-04). */
const maxOnDemandRotations = 10;

const keyInput = z.object({ KeyId: keyReference });

const keyMetadata = (key: KmsKey) => ({
  AWSAccountId: accountId,
  KeyId: key.id,
  Arn: keyArn(key.id),
  CreationDate: key.createdAt,
  Enabled: key.state === "Enabled",
  Description: key.description,
  KeyUsage: "ENCRYPT_DECRYPT",
  KeyState: key.state,
  ...(key.deletionDate === null ? {} : { DeletionDate: key.deletionDate }),
  Origin: "AWS_KMS",
  KeyManager: "CUSTOMER",
  CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
  KeySpec: "SYMMETRIC_DEFAULT",
  EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
  MultiRegion: false,
});

/** Refuses what the stand-in would otherwise pretend to do: it has symmetric encryption keys only. */
const symmetricOnly = (field: string, value: string | null | undefined, supported: string): void => {
  if (value && value !== supported) {
    throw new KmsError("UnsupportedOperationException", `${field} ${value} is not offered by this stand-in.`);
  }
};

const alias = z.string().min(1).max(256);

const requireOwnAlias = (name: string): string => {
  if (!/^alias\/[a-zA-Z0-9/_-]+$/.test(name) || name.startsWith("alias/aws/")) {
    throw new KmsError("InvalidAliasNameException", `Alias ${name} is not valid.`);
  }
  return name;
};

const aliasOperations = {
  CreateAlias: operation(z.object({ AliasName: alias, TargetKeyId: keyReference }), (store, input) => {
    const target = requireNotPendingDeletion(store.find(input.TargetKeyId));
    store.createAlias(requireOwnAlias(input.AliasName), target.id);
    return undefined;
  }),

  UpdateAlias: operation(z.object({ AliasName: alias, TargetKeyId: keyReference }), (store, input) => {
    const target = requireNotPendingDeletion(store.find(input.TargetKeyId));
    store.updateAlias(input.AliasName, target.id);
    return undefined;
  }),

  DeleteAlias: operation(z.object({ AliasName: alias }), (store, input) => {
    store.deleteAlias(input.AliasName);
    return undefined;
  }),

  ListAliases: operation(z.object({ KeyId: keyReference.nullish(), ...pageInput }), (store, input) => {
    const keyId = input.KeyId ? store.find(input.KeyId).id : undefined;
    const all = store.aliases().filter(([, target]) => keyId === undefined || target.keyId === keyId);
    const { items, rest } = page(all, input, 50);
    return {
      Aliases: items.map(([name, target]) => ({
        AliasName: name,
        AliasArn: aliasArn(name),
        TargetKeyId: target.keyId,
        CreationDate: target.createdAt,
        LastUpdatedDate: target.updatedAt,
      })),
      ...rest,
    };
  }),
} as const satisfies Record<string, Operation>;

const rotationOperations = {
  EnableKeyRotation: operation(
    z.object({ KeyId: keyReference, RotationPeriodInDays: z.number().int().min(90).max(2560).nullish() }),
    (store, input) => {
      requireEnabled(store.find(input.KeyId)).rotationPeriodDays = input.RotationPeriodInDays ?? 365;
      return undefined;
    },
  ),

  DisableKeyRotation: operation(keyInput, (store, input) => {
    requireEnabled(store.find(input.KeyId)).rotationPeriodDays = null;
    return undefined;
  }),

  GetKeyRotationStatus: operation(keyInput, (store, input) => {
    const key = store.find(input.KeyId);
    // "While a KMS key is pending deletion, its key rotation status is false" (GetKeyRotationStatus).
    const periodDays = key.state === "PendingDeletion" ? null : key.rotationPeriodDays;
    if (periodDays === null) return { KeyId: key.id, KeyRotationEnabled: false };
    const lastRotation = key.rotations.at(-1)?.date ?? key.createdAt;
    return {
      KeyId: key.id,
      KeyRotationEnabled: true,
      RotationPeriodInDays: periodDays,
      NextRotationDate: lastRotation + periodDays * secondsADay,
    };
  }),

  RotateKeyOnDemand: operation(keyInput, (store, input) => {
    const key = requireEnabled(store.find(input.KeyId));
    if (key.rotations.length >= maxOnDemandRotations) {
      throw new KmsError("LimitExceededException", `${keyArn(key.id)} has reached its on-demand rotations.`);
    }
    store.rotate(key);
    return { KeyId: key.id };
  }),

  ListKeyRotations: operation(z.object({ KeyId: keyReference, ...pageInput }), (store, input) => {
    const key = store.find(input.KeyId);
    const { items, rest } = page(key.rotations, input, 100);
    return {
      Rotations: items.map(({ date, type }) => ({ KeyId: key.id, RotationDate: date, RotationType: type })),
      ...rest,
    };
  }),
} as const satisfies Record<string, Operation>;

/** The operations that manage keys: create, describe, list, enable, delete, aliases and rotation. Operations on
 * rotation name a key by its id, those on deletion by its ARN, as the model's examples do. */
export const keyOperations = {
  ...aliasOperations,
  ...rotationOperations,

  CreateKey: operation(
    z.object({
      Description: z.string().max(8192).nullish(),
      KeyUsage: z.string().nullish(),
      KeySpec: z.string().nullish(),
      CustomerMasterKeySpec: z.string().nullish(),
      Origin: z.string().nullish(),
    }),
    (store, input) => {
      symmetricOnly("KeyUsage", input.KeyUsage, "ENCRYPT_DECRYPT");
      symmetricOnly("KeySpec", input.KeySpec ?? input.CustomerMasterKeySpec, "SYMMETRIC_DEFAULT");
      symmetricOnly("Origin", input.Origin, "AWS_KMS");
      return { KeyMetadata: keyMetadata(store.create(input.Description ?? "")) };
    },
  ),

  DescribeKey: operation(keyInput, (store, input) => ({ KeyMetadata: keyMetadata(store.find(input.KeyId)) })),

  ListKeys: operation(z.object(pageInput), (store, input) => {
    const { items, rest } = page(store.keys(), input, 100);
    return { Keys: items.map(({ id }) => ({ KeyId: id, KeyArn: keyArn(id) })), ...rest };
  }),

  EnableKey: operation(keyInput, (store, input) => {
    requireNotPendingDeletion(store.find(input.KeyId)).state = "Enabled";
    return undefined;
  }),

  DisableKey: operation(keyInput, (store, input) => {
    requireNotPendingDeletion(store.find(input.KeyId)).state = "Disabled";
    return undefined;
  }),

  ScheduleKeyDeletion: operation(
    z.object({ KeyId: keyReference, PendingWindowInDays: z.number().int().min(7).max(30).nullish() }),
    (store, input) => {
      const key = requireNotPendingDeletion(store.find(input.KeyId));
      const windowDays = input.PendingWindowInDays ?? 30;
      const deletionDate = store.nowSeconds() + windowDays * secondsADay;
      key.state = "PendingDeletion";
      key.deletionDate = deletionDate;
      return {
        KeyId: keyArn(key.id),
        DeletionDate: deletionDate,
        KeyState: key.state,
        PendingWindowInDays: windowDays,
      };
    },
  ),

  CancelKeyDeletion: operation(keyInput, (store, input) => {
    const key = store.find(input.KeyId);
    if (key.state !== "PendingDeletion") {
      throw new KmsError("KMSInvalidStateException", `${keyArn(key.id)} is not pending deletion.`);
    }
    // "When this operation succeeds, the key state of the KMS key is Disabled" (CancelKeyDeletion).
    key.state = "Disabled";
    key.deletionDate = null;
    return { KeyId: keyArn(key.id) };
  }),
} as const satisfies Record<string, Operation>;
