import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { TableUnavailable } from "./table-unavailable.ts";

/**
 * DynamoDB by the AWS SDK, for everything that is not part of a generating request: queries over many rows, transactions,
 * batches. The SDK reads AWS_REGION, the role's keys and AWS_ENDPOINT_URL_DYNAMODB by itself.
 */
const connectTimeoutMs = 1_000;
const requestTimeoutMs = 3_000;
/** Three silent tries are over well inside the 29 s of a buffered function. */
const maxAttempts = 3;

/** Answers that a later try may change, beside every 5xx. */
const transient = new Set([
  "InternalServerError",
  "LimitExceededException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ServiceUnavailable",
  "ThrottlingException",
  "TransactionConflictException",
  "TransactionInProgressException",
  "TimeoutError",
]);

/** Whether the fault may pass. What never got an answer has no status. */
const isPassing = (error: Error): boolean => {
  if (transient.has(error.name)) return true;
  const { $metadata: metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  if (metadata?.httpStatusCode !== undefined) return metadata.httpStatusCode >= 500;
  return "code" in error && typeof error.code === "string" && /^E[A-Z]+$/.test(error.code);
};

const client = new DynamoDBClient({
  maxAttempts,
  requestHandler: {
    connectionTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // Without it the SDK writes a warning and waits on, for ever.
    throwOnRequestTimeout: true,
  },
});

client.middlewareStack.add(
  (next) => async (args) => {
    try {
      return await next(args);
    } catch (error) {
      throw error instanceof Error && isPassing(error) ? new TableUnavailable(error.name) : error;
    }
  },
  // Around the SDK's own tries.
  { step: "initialize", name: "tableUnavailable", priority: "high" },
);

/** What it throws: `TableUnavailable`, or the SDK's exception, such as `ConditionalCheckFailedException`. */
export const documents = DynamoDBDocumentClient.from(client, {
  marshallOptions: { removeUndefinedValues: true },
  // Pico-dollars outgrow a double's digits.
  unmarshallOptions: {
    wrapNumbers: (text) => (Number.isSafeInteger(Number(text)) || !/^-?\d+$/.test(text) ? Number(text) : BigInt(text)),
  },
});
