import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { settingOf } from "#infra/settings.ts";

/** The endpoint decides where the data goes; a region and credentials are only needed to make a signature. */
const settings = (endpoint: string) => ({
  endpoint,
  region: settingOf("AWS_REGION") ?? "us-east-1",
  credentials: {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID || "local",
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY || "local",
    ...(process.env.AWS_SESSION_TOKEN ? { sessionToken: process.env.AWS_SESSION_TOKEN } : {}),
  },
  requestHandler: { requestTimeout: 5_000, connectionTimeout: 2_000, throwOnRequestTimeout: true },
});

/** A client of the tables behind `endpoint`. Requests time out after 5 s. The caller destroys it. */
export const localDynamoDbClient = (endpoint: string): DynamoDBClient => new DynamoDBClient(settings(endpoint));

/** A client of the tables' streams behind `endpoint`. Requests time out after 5 s. The caller destroys it. */
export const localStreamsClient = (endpoint: string): DynamoDBStreamsClient =>
  new DynamoDBStreamsClient(settings(endpoint));
