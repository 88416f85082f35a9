import { randomBytes, randomUUID } from "node:crypto";
import * as z from "zod";
import { openStateFile, type StateFile } from "#infra/local/state-file.ts";
import { KmsError } from "./kms-error.ts";

const keySchema = z.object({
  id: z.guid(),
  description: z.string(),
  /** Unix seconds. */
  createdAt: z.number(),
  state: z.enum(["Enabled", "Disabled", "PendingDeletion"]),
  /** Unix seconds after which the key is gone; set while its deletion is pending. */
  deletionDate: z.number().nullable(),
  /** Base64, oldest first. The last one seals; all of them open, so that rotating breaks no ciphertext. */
  backingKeys: z.array(z.base64()).min(1),
  rotations: z.array(z.object({ date: z.number(), type: z.enum(["ON_DEMAND", "AUTOMATIC"]) })),
  /** Null while automatic rotation is off. */
  rotationPeriodDays: z.number().nullable(),
});

const aliasSchema = z.object({ keyId: z.guid(), createdAt: z.number(), updatedAt: z.number() });

const stateSchema = z.object({
  keys: z.record(z.guid(), keySchema),
  aliases: z.record(z.string(), aliasSchema),
});

/** A symmetric KMS key with its backing keys. */
export type KmsKey = z.output<typeof keySchema>;
export type KmsAlias = z.output<typeof aliasSchema>;

/** A key that exists from the start. With an id or an alias that the data file knows already, that one stays. */
export interface KeySeed {
  readonly alias?: `alias/${string}`;
  readonly id?: string;
  readonly description?: string;
}

const region = "us-east-1";
/** The account of every ARN that the stand-in makes. */
export const accountId = "000000000000";

export const keyArn = (id: string): string => `arn:aws:kms:${region}:${accountId}:key/${id}`;
export const aliasArn = (name: string): string => `arn:aws:kms:${region}:${accountId}:${name}`;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Takes an ARN of any region and account apart: the stand-in serves whichever the caller's SDK is configured for. */
const resourceOf = (reference: string): string => {
  if (!reference.startsWith("arn:")) return reference;
  const resource = /^arn:aws[\w-]*:kms:[\w-]+:\d{12}:((?:key|alias)\/.+)$/.exec(reference)?.[1];
  if (resource === undefined) throw new KmsError("InvalidArnException", `Invalid arn ${reference}`);
  return resource.replace(/^key\//, "");
};

/** The keys and aliases of the stand-in, kept in a file or in memory. */
export class KeyStore {
  readonly #file: StateFile<z.output<typeof stateSchema>>;
  readonly #now: () => number;

  constructor(dataFile: string | undefined, now: () => number) {
    this.#file = openStateFile(dataFile, stateSchema, () => ({ keys: {}, aliases: {} }));
    this.#now = now;
  }

  /** Unix seconds, with milliseconds as fraction, as the JSON protocol writes a timestamp. */
  nowSeconds(): number {
    return this.#now() / 1000;
  }

  save(): void {
    this.#file.save();
  }

  seed({ alias, id, description = "" }: KeySeed): void {
    const { keys, aliases } = this.#file.value;
    if (alias !== undefined && aliases[alias] !== undefined) return;
    const key = (id === undefined ? undefined : keys[id]) ?? this.create(description, id);
    if (alias !== undefined) this.createAlias(alias, key.id);
    this.save();
  }

  create(description: string, id: string = randomUUID()): KmsKey {
    const key: KmsKey = {
      id,
      description,
      createdAt: this.nowSeconds(),
      state: "Enabled",
      deletionDate: null,
      backingKeys: [randomBytes(32).toString("base64")],
      rotations: [],
      rotationPeriodDays: null,
    };
    this.#file.value.keys[id] = key;
    return key;
  }

  /** Makes a new backing key the one that seals. */
  rotate(key: KmsKey): void {
    key.backingKeys.push(randomBytes(32).toString("base64"));
    key.rotations.push({ date: this.nowSeconds(), type: "ON_DEMAND" });
  }

  keys(): KmsKey[] {
    return Object.keys(this.#file.value.keys).flatMap((id) => this.byId(id) ?? []);
  }

  aliases(): [name: string, alias: KmsAlias][] {
    return Object.entries(this.#file.value.aliases);
  }

  /** A key by its bare id; a key whose deletion is due is destroyed here and not found. */
  byId(id: string): KmsKey | undefined {
    const { keys, aliases } = this.#file.value;
    const key = keys[id];
    if (key === undefined || key.deletionDate === null || key.deletionDate > this.nowSeconds()) return key;
    delete keys[id];
    for (const [name, alias] of Object.entries(aliases)) if (alias.keyId === id) delete aliases[name];
    this.save();
    return undefined;
  }

  /** A key by id, alias or the ARN of either, in any state. Throws `NotFoundException` or `InvalidArnException`. */
  find(reference: string): KmsKey {
    const resource = resourceOf(reference);
    if (resource.startsWith("alias/")) {
      const alias = this.#file.value.aliases[resource];
      if (alias === undefined) throw new KmsError("NotFoundException", `Alias ${aliasArn(resource)} is not found.`);
      return this.find(alias.keyId);
    }
    if (!uuidPattern.test(resource)) throw new KmsError("NotFoundException", `Invalid keyId '${resource}'`);
    const key = this.byId(resource.toLowerCase());
    if (key === undefined) throw new KmsError("NotFoundException", `Key '${keyArn(resource)}' does not exist`);
    return key;
  }

  createAlias(name: string, keyReference: string): void {
    const { aliases } = this.#file.value;
    const target = this.find(keyReference);
    if (aliases[name] !== undefined) {
      throw new KmsError("AlreadyExistsException", `An alias with the name ${aliasArn(name)} already exists`);
    }
    const now = this.nowSeconds();
    aliases[name] = { keyId: target.id, createdAt: now, updatedAt: now };
  }

  updateAlias(name: string, keyReference: string): void {
    const alias = this.#alias(name);
    alias.keyId = this.find(keyReference).id;
    alias.updatedAt = this.nowSeconds();
  }

  deleteAlias(name: string): void {
    this.#alias(name);
    delete this.#file.value.aliases[name];
  }

  #alias(name: string): KmsAlias {
    const alias = this.#file.value.aliases[name];
    if (alias === undefined) throw new KmsError("NotFoundException", `Alias ${aliasArn(name)} is not found.`);
    return alias;
  }
}

/** The states in which KMS lets a key work. Throws `DisabledException` or `KMSInvalidStateException` in the others. */
export const requireEnabled = (key: KmsKey): KmsKey => {
  if (key.state === "Disabled") throw new KmsError("DisabledException", `${keyArn(key.id)} is disabled.`);
  return requireNotPendingDeletion(key);
};

/** Throws `KMSInvalidStateException` while the key's deletion is pending. */
export const requireNotPendingDeletion = (key: KmsKey): KmsKey => {
  if (key.state === "PendingDeletion") {
    throw new KmsError("KMSInvalidStateException", `${keyArn(key.id)} is pending deletion.`);
  }
  return key;
};
