import { type BedrockPlace, modelArn, profileArn, regionsOf } from "#infra/bedrock-models.ts";
import type { Call, CallContext } from "./policy.ts";

/** Which rights a request to DynamoDB, KMS, Bedrock or STS needs, by action and resource. */

export interface Place {
  readonly region: string;
  /** Prefix of a table's ARN, up to its name. */
  readonly tableArnPrefix: string;
  /** The key of the stage: of the tables, and of a decryption that names none. */
  readonly keyArn: string;
  /** The models that the stage names. */
  readonly bedrock: BedrockPlace;
}

/** The parsed body of a request. */
export type Body = Readonly<Record<string, unknown>>;

const record = (value: unknown): Body => (typeof value === "object" && value !== null ? (value as Body) : {});
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const records = (value: unknown): readonly Body[] => (Array.isArray(value) ? value.map(record) : []);

/** A transaction has no right: DynamoDB checks each of its parts as if it were alone. */
const transactionParts: Readonly<Record<string, string>> = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
  Get: "GetItem",
};

const noContext: CallContext = {};

const tableCall = (action: string, table: unknown, place: Place, index: unknown = undefined): Call => ({
  action: `dynamodb:${action}`,
  resource: `${place.tableArnPrefix}${text(table)}${index === undefined ? "" : `/index/${text(index)}`}`,
  context: noContext,
});

const tableCalls = (operation: string, body: Body, place: Place): readonly Call[] => {
  switch (operation) {
    case "TransactWriteItems":
    case "TransactGetItems":
      return records(body.TransactItems).flatMap((item) =>
        Object.entries(item).map(([part, inner]) =>
          tableCall(transactionParts[part] ?? part, record(inner).TableName, place),
        ),
      );
    case "BatchGetItem":
    case "BatchWriteItem":
      return Object.keys(record(body.RequestItems)).map((table) => tableCall(operation, table, place));
    default:
      // With an index, DynamoDB asks for the index alone.
      return [tableCall(operation, body.TableName, place, body.IndexName)];
  }
};

/** What DynamoDB does with the table's key in the caller's name. Source: DynamoDB developer guide, encryption at rest. */
const keyActionsOf = (action: string): readonly string[] => {
  if (action === "dynamodb:DescribeTable") return [];
  const reading = ["kms:Decrypt", "kms:DescribeKey"];
  if (/:(Put|Update|Delete|BatchWrite)/.test(action)) {
    return [...reading, "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"];
  }
  return reading;
};

/** Every right that a request to DynamoDB needs, those on the tables' key included. */
export const dynamoDbCalls = (operation: string, body: Body, place: Place): readonly Call[] => {
  const calls = tableCalls(operation, body, place);
  const context = { "kms:ViaService": `dynamodb.${place.region}.amazonaws.com` };
  const keyActions = new Set(calls.flatMap(({ action }) => keyActionsOf(action)));
  return [...calls, ...Array.from(keyActions, (action): Call => ({ action, resource: place.keyArn, context }))];
};

const sealingContext = (encryptionContext: unknown): CallContext => {
  const entries = Object.entries(record(encryptionContext)).map(([name, value]) => [name, text(value)] as const);
  return {
    ...Object.fromEntries(entries.map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
    "kms:EncryptionContextKeys": entries.map(([name]) => name),
  };
};

/** Every right that a request to KMS needs. */
export const kmsCalls = (operation: string, body: Body, place: Place): readonly Call[] => {
  const keyOf = (id: unknown): string => (id === undefined ? place.keyArn : text(id));
  if (operation === "ReEncrypt") {
    return [
      {
        action: "kms:ReEncryptFrom",
        resource: keyOf(body.SourceKeyId),
        context: sealingContext(body.SourceEncryptionContext),
      },
      {
        action: "kms:ReEncryptTo",
        resource: keyOf(body.DestinationKeyId),
        context: sealingContext(body.DestinationEncryptionContext),
      },
    ];
  }
  const context = sealingContext(body.EncryptionContext);
  return [{ action: `kms:${operation}`, resource: keyOf(body.KeyId), context }];
};

/**
 * Every right that a call of a model needs. Through an inference profile it is the one on the profile, and the one on the model
 * in each region that the profile may send the call to. Source: Bedrock user guide, "Prerequisites for inference profiles".
 */
export const bedrockCalls = (operation: string, name: string, { bedrock }: Place): readonly Call[] => {
  const action = `bedrock:InvokeModel${operation.endsWith("-stream") ? "WithResponseStream" : ""}`;
  const profile = profileArn(name, bedrock);
  const id = bedrock.named.get(name) ?? name;
  const context: CallContext = profile === undefined ? noContext : { "bedrock:InferenceProfileArn": profile };
  const models = regionsOf(id, bedrock.region).map((region) => modelArn(id, region, bedrock.partition));
  return [
    ...(profile === undefined ? [] : [{ action, resource: profile, context: noContext }]),
    ...models.map((resource): Call => ({ action, resource, context })),
  ];
};

/** Every right that a request to STS needs. */
export const stsCalls = (operation: string, { RoleArn }: Body): readonly Call[] => [
  { action: `sts:${operation}`, resource: text(RoleArn), context: noContext },
];
