import { Unkey } from "@unkey/api";
import { type TableId, tables } from "#core/tables.ts";
import { createTables } from "#infra/local/dynamodb/create-tables.ts";
import { startDynamoDb } from "#infra/local/dynamodb/server.ts";
import { startKms } from "#infra/local/kms/server.ts";
import { startUnkey } from "#infra/local/unkey/server.ts";
import { stopStreams } from "#tests/support/stop-streams.ts";

/** What a function of chat completions needs around it, for load on one that runs alone in a process of its own. */

const kmsKeyId = "00000000-0000-4000-8000-000000000001";
const rootKey = "unkey_local_root";
const apiId = "api_local";

export interface ChatParts {
  /** Of a user without a limit of its own. */
  readonly key: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

/** Starts them. `providerUrl` plays OpenAI under `/v1` and Anthropic. */
export const startChatParts = async (providerUrl: string): Promise<ChatParts> => {
  const [dynamoDb, kms, unkey] = await Promise.all([
    startDynamoDb(),
    startKms({ keys: [{ id: kmsKeyId }] }),
    startUnkey({ rootKey, apiId }),
  ]);
  const names = await createTables(dynamoDb.endpoint, "load");
  await stopStreams(dynamoDb.endpoint, names);
  const client = new Unkey({ rootKey, serverURL: unkey.url });
  const { data } = await client.keys.createKey({ apiId, prefix: "ck", name: "Load", externalId: "user_load" });
  const links = {
    UnkeyRootKey: { value: rootKey },
    OpenaiApiKey: { value: "sk-load" },
    AnthropicApiKey: { value: "sk-load" },
    EncryptionKey: { arn: `arn:aws:kms:us-east-1:000000000000:key/${kmsKeyId}` },
    ...Object.fromEntries((Object.keys(tables) as TableId[]).map((id) => [tables[id].resource, { name: names[id] }])),
  };
  return {
    key: data.key,
    environment: {
      PATH: process.env.PATH ?? "",
      AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
      AWS_ENDPOINT_URL_KMS: kms.url,
      UNKEY_URL: unkey.url,
      UNKEY_API_ID: apiId,
      OPENAI_BASE_URL: `${providerUrl}/v1`,
      ANTHROPIC_BASE_URL: providerUrl,
      RATE_LIMIT_SCALE: "1000000",
      // A hundred megabytes of words are worth more than anybody's day.
      DAILY_SPEND_CAP_USD: "1000000",
      ...Object.fromEntries(
        Object.entries(links).map(([name, value]) => [`SST_RESOURCE_${name}`, JSON.stringify(value)]),
      ),
    },
    close: async () => {
      await Promise.all([dynamoDb.close(), kms.close(), unkey.close()]);
    },
  };
};
