import type { Grant } from "#core/routes.ts";
import { type TableId, type TableSpec, tables } from "#core/tables.ts";

/**
 * Turns the grants of a row into IAM statements: exactly those actions, on exactly those resources, under conditions.
 * No AWS or SST code, so that tests read it with plain text for ARNs and the deployment with values known later.
 */

export interface Condition {
  readonly test: string;
  readonly variable: string;
  readonly values: readonly string[];
}

export interface Statement<Arn> {
  /** `allow` unless given. */
  readonly effect?: "deny";
  readonly actions: string[];
  readonly resources: Arn[];
  readonly conditions: Condition[];
}

/** Where the resources of a stage are. `Arn` is text, or a value that is known once it is deployed. */
export interface Resources<Arn> {
  readonly app: string;
  readonly stage: string;
  readonly region: string;
  readonly keyArn: Arn;
  /** ARNs of all roles of an account; of any account for `*`. */
  readonly rolesArn: (account: "own" | "*") => Arn;
  readonly tableArn: (table: TableId) => Arn;
  readonly indexArn: (table: TableId, index: string) => Arn;
  /** What the grants of Amazon Bedrock are for. Empty where the stage names no model. */
  readonly bedrock: readonly { readonly resources: readonly Arn[]; readonly conditions: Condition[] }[];
}

/** Names in the encryption context of what the gateway itself seals. IAM allows no other one. */
export const encryptionContextNames = ["app", "stage", "purpose", "userId", "id"] as const;

const keyActions: Readonly<Record<string, readonly string[]>> = {
  ReEncrypt: ["kms:ReEncryptFrom", "kms:ReEncryptTo"],
};

const writes = new Set(["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"]);

/** Every direct use of the key is under the app's and the stage's name, and under no unknown name. */
export const sealingConditions = ({ app, stage }: { readonly app: string; readonly stage: string }): Condition[] => [
  { test: "StringEquals", variable: "kms:EncryptionContext:app", values: [app] },
  { test: "StringEquals", variable: "kms:EncryptionContext:stage", values: [stage] },
  { test: "ForAllValues:StringEquals", variable: "kms:EncryptionContextKeys", values: [...encryptionContextNames] },
];

/** Use of the key by DynamoDB on a caller's behalf; the caller itself cannot make such a call. */
export const throughDynamoDb = (region: string): Condition[] => [
  { test: "StringEquals", variable: "kms:ViaService", values: [`dynamodb.${region}.amazonaws.com`] },
];

/**
 * What DynamoDB needs of its caller for a table under a customer managed key: it asks KMS with the caller's own rights.
 * Source: DynamoDB developer guide, "Authorizing use of your KMS key"; the split into reading and writing is the CDK's
 * (aws-dynamodb, perms.ts), spelled out instead of its wildcards.
 */
export const encryptedTableActions = {
  read: ["kms:Decrypt", "kms:DescribeKey"],
  write: [
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
  ],
} as const;

/** The index of `Query/<index>`, or undefined. */
const indexOf = (action: string): string | undefined => /^Query\/(.+)$/.exec(action)?.[1];

/** Throws an Error for an index that the table does not have: a fault of the route table. */
const tableStatements = <Arn>(
  table: TableId,
  actions: readonly string[],
  resources: Resources<Arn>,
): Statement<Arn>[] => {
  const indexes = actions.flatMap((action) => indexOf(action) ?? []);
  const unknown = indexes.find((index) => !Object.hasOwn((tables[table] as TableSpec).indexes ?? {}, index));
  if (unknown !== undefined) throw new Error(`The table ${table} has no index ${unknown}`);
  const own = actions.filter((action) => indexOf(action) === undefined);
  const statements: Statement<Arn>[] = [];
  if (own.length > 0) {
    const names = own.map((action) => `dynamodb:${action}`);
    statements.push({ actions: names, resources: [resources.tableArn(table)], conditions: [] });
  }
  if (indexes.length > 0) {
    const arns = indexes.map((index) => resources.indexArn(table, index));
    statements.push({ actions: ["dynamodb:Query"], resources: arns, conditions: [] });
  }
  return statements;
};

const keyStatements = <Arn>(actions: readonly string[], resources: Resources<Arn>): Statement<Arn>[] => {
  const sealing = actions.filter((action) => action !== "DescribeKey");
  const statements: Statement<Arn>[] = [];
  if (sealing.length > 0) {
    statements.push({
      actions: sealing.flatMap((action) => keyActions[action] ?? [`kms:${action}`]),
      resources: [resources.keyArn],
      conditions: sealingConditions(resources),
    });
  }
  if (actions.includes("DescribeKey")) {
    // KMS takes no encryption context here, so there is nothing to demand.
    statements.push({ actions: ["kms:DescribeKey"], resources: [resources.keyArn], conditions: [] });
  }
  return statements;
};

/**
 * Roles of other accounts: who owns one says in its trust policy whether it is assumed. None of the stage's own account, also
 * where one trusts the function by name, which in its own account would need no permission.
 */
const roleStatements = <Arn>({ rolesArn }: Resources<Arn>): Statement<Arn>[] => [
  { actions: ["sts:AssumeRole"], resources: [rolesArn("*")], conditions: [] },
  { effect: "deny", actions: ["sts:AssumeRole"], resources: [rolesArn("own")], conditions: [] },
];

/** Actions by what they act on, in the order of the row, each once. */
const actionsByKind = (grants: readonly Grant[]): ReadonlyMap<string, readonly string[]> => {
  const kinds = new Map<string, string[]>();
  for (const grant of new Set(grants)) {
    const [kind = "", action = ""] = grant.split(":");
    kinds.set(kind, [...(kinds.get(kind) ?? []), action]);
  }
  return kinds;
};

/** The statements of a function's role for its grants. Secrets are links, not permissions. */
export const statementsOf = <Arn>(grants: readonly Grant[], resources: Resources<Arn>): Statement<Arn>[] => {
  const statements: Statement<Arn>[] = [];
  const dataActions: string[] = [];
  for (const [kind, actions] of actionsByKind(grants)) {
    if (kind === "secret") continue;
    if (kind === "sts") {
      statements.push(...roleStatements(resources));
      continue;
    }
    if (kind === "kms") {
      statements.push(...keyStatements(actions, resources));
      continue;
    }
    if (kind === "bedrock") {
      const names = actions.map((action) => `bedrock:${action}`);
      for (const { resources: arns, conditions } of resources.bedrock) {
        statements.push({ actions: names, resources: [...arns], conditions });
      }
      continue;
    }
    statements.push(...tableStatements(kind as TableId, actions, resources));
    dataActions.push(...actions.filter((action) => action !== "DescribeTable"));
  }
  if (dataActions.length > 0) {
    const write = dataActions.some((action) => writes.has(action));
    statements.push({
      actions: [...encryptedTableActions.read, ...(write ? encryptedTableActions.write : [])],
      resources: [resources.keyArn],
      conditions: throughDynamoDb(resources.region),
    });
  }
  return statements;
};
