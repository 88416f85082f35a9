import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

/**
 * DynamoDB by the AWS SDK, for everything that is not part of a generating request: queries over many rows, transactions,
 * batches. The SDK reads AWS_REGION, the role's keys and AWS_ENDPOINT_URL_DYNAMODB by itself.
 */
const connectTimeoutMs = 1_000;
const requestTimeoutMs = 4_000;

export const documents = DynamoDBDocumentClient.from(
  new DynamoDBClient({
    maxAttempts: 4,
    requestHandler: { connectionTimeout: connectTimeoutMs, requestTimeout: requestTimeoutMs },
  }),
  {
    marshallOptions: { removeUndefinedValues: true },
    // Pico-dollars outgrow a double's digits.
    unmarshallOptions: {
      wrapNumbers: (text) =>
        Number.isSafeInteger(Number(text)) || !/^-?\d+$/.test(text) ? Number(text) : BigInt(text),
    },
  },
);
