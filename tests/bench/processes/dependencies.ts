import { Unkey } from "@unkey/api";
import { createTables, type TableNames } from "#infra/local/dynamodb/create-tables.ts";
import { startDynamoDb } from "#infra/local/dynamodb/server.ts";
import { startUnkey } from "#infra/local/unkey/server.ts";
import { serve } from "./process.ts";

/** DynamoDB and Unkey away from the gateway's process, and one API key whose own limit no run reaches. */

export interface DependenciesReady {
  readonly dynamoDbEndpoint: string;
  readonly tableNames: TableNames;
  readonly unkey: { readonly url: string; readonly rootKey: string; readonly apiId: string };
  readonly apiKey: string;
  readonly userId: string;
}

const rootKey = "unkey_bench_root";
const apiId = "api_bench";
const userId = "bench-user";

const dynamoDb = await startDynamoDb();
const unkey = await startUnkey({ rootKey, apiId });
const { data } = await new Unkey({ rootKey, serverURL: unkey.url }).keys.createKey({
  apiId,
  prefix: "ck",
  externalId: userId,
  ratelimits: [{ name: "requests", limit: 100_000_000, duration: 60_000, autoApply: true }],
});
const ready: DependenciesReady = {
  dynamoDbEndpoint: dynamoDb.endpoint,
  tableNames: await createTables(dynamoDb.endpoint, "bench"),
  unkey: { url: unkey.url, rootKey, apiId },
  apiKey: data.key,
  userId,
};
serve(ready, {}, async () => {
  await Promise.all([unkey.close(), dynamoDb.close()]);
});
