import { randomUUID } from "node:crypto";
import { DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { TableId } from "#core/tables.ts";
import { localDynamoDbClient } from "#infra/local/dynamodb/clients.ts";
import { type LocalKms, startKms } from "#infra/local/kms/server.ts";
import { type LocalSupabaseAuth, type SupabaseAuthOptions, startSupabaseAuth } from "#infra/local/supabase/server.ts";
import { startUnkey, type UnkeyServer } from "#infra/local/unkey/server.ts";
import { type Relay, startRelay } from "#tests/core/support/relay.ts";
import { useTables } from "#tests/core/support/tables.ts";

/** Everything that the accounts endpoints stand on, real over the wire, each behind a relay that can break any call. */

export const kmsKeyId = "00000000-0000-4000-8000-0000000000aa";
const kmsKeyArn = `arn:aws:kms:us-east-1:000000000000:key/${kmsKeyId}`;
const rootKey = "unkey_root_of_the_tests";
const apiId = "api_accounts";
const anonKey = "anon-key-of-the-tests";
const serviceRoleKey = "service-role-key-of-the-tests";

/** Base URL of the gateway as the browser sees it, for links in mails. */
const siteUrl = "http://localhost:8787";

/** The relay to KMS, for all tests of a file. */
export const useKms = (): (() => Relay) => {
  let server: LocalKms | undefined;
  let relay: Relay | undefined;
  beforeAll(async () => {
    server = await startKms({ keys: [{ id: kmsKeyId }] });
    relay = await startRelay(server.url);
    process.env.AWS_ENDPOINT_URL_KMS = relay.url;
    process.env.SST_RESOURCE_EncryptionKey = JSON.stringify({ arn: kmsKeyArn });
  });
  beforeEach(() => relay?.reset());
  afterAll(async () => {
    await relay?.close();
    await server?.close();
  });
  return () => {
    if (relay === undefined) throw new Error("KMS has not started.");
    return relay;
  };
};

/** Calls an operation of KMS that the gateway itself does not use, such as `DisableKey`. */
export const kmsOperation = async (relay: Relay, operation: string, input: object): Promise<unknown> => {
  const response = await fetch(relay.url, {
    method: "POST",
    headers: {
      "x-amz-target": `TrentService.${operation}`,
      "content-type": "application/x-amz-json-1.1",
      authorization: "AWS4-HMAC-SHA256 Credential=test",
    },
    body: JSON.stringify(input),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${operation}: ${text}`);
  return text === "" ? undefined : JSON.parse(text);
};

/** The relay to Unkey, for all tests of a file. */
const useUnkey = (): (() => Relay) => {
  let server: UnkeyServer | undefined;
  let relay: Relay | undefined;
  beforeAll(async () => {
    server = await startUnkey({ rootKey, apiId, nowMs: () => Date.now() });
    relay = await startRelay(server.url);
    process.env.UNKEY_URL = relay.url;
    process.env.UNKEY_API_ID = apiId;
    process.env.SST_RESOURCE_UnkeyRootKey = JSON.stringify({ value: rootKey });
  });
  beforeEach(() => relay?.reset());
  afterAll(async () => {
    await relay?.close();
    await server?.close();
  });
  return () => {
    if (relay === undefined) throw new Error("Unkey has not started.");
    return relay;
  };
};

/** Calls Unkey past the relay's faults and its count of requests. */
export const unkeyOperation = async <Data>(relay: Relay, path: string, body: object): Promise<Data> => {
  const { intercept } = relay;
  relay.intercept = () => undefined;
  try {
    const response = await fetch(`${relay.url}/v2/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${rootKey}` },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { readonly data: Data };
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer.data;
  } finally {
    relay.requests.pop();
    relay.intercept = intercept;
  }
};

/** What Unkey holds of a user, past our own rows. */
export const unkeyKeysOf = (relay: Relay, userId: string): Promise<readonly { keyId: string; enabled: boolean }[]> =>
  unkeyOperation(relay, "apis.listKeys", { apiId, externalId: userId, limit: 100 });

/** Whether Unkey itself would let a key through. */
export const unkeyVerdict = (relay: Relay, key: string): Promise<{ valid: boolean; code: string }> =>
  unkeyOperation(relay, "keys.verifyKey", { key });

export interface SupabaseHandle {
  readonly server: LocalSupabaseAuth;
  /** Ends the server and starts it again on the same port with the same data: an outage of Supabase. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Supabase Auth, for all tests of a file. Its tokens name its own URL as their issuer, so it has no relay. */
const useSupabase = (
  options: Partial<SupabaseAuthOptions> & { readonly dataFile?: string } = {},
): (() => SupabaseHandle) => {
  let server: LocalSupabaseAuth | undefined;
  const open = async (port: number): Promise<LocalSupabaseAuth> =>
    startSupabaseAuth({ port, anonKey, serviceRoleKey, siteUrl, now: () => Date.now(), ...options });
  const handle: SupabaseHandle = {
    get server() {
      if (server === undefined) throw new Error("Supabase has not started.");
      return server;
    },
    stop: async () => {
      await server?.close();
    },
    start: async () => {
      server = await open(Number(new URL(handle.server.url).port));
    },
  };
  beforeAll(async () => {
    server = await open(0);
    process.env.SUPABASE_URL = server.url;
    process.env.SIGN_UP_POLICY ??= "open";
    process.env.SST_RESOURCE_SupabaseAnonKey = JSON.stringify({ value: anonKey });
  });
  afterAll(async () => {
    await server?.close();
  });
  return () => handle;
};

export interface StandIns {
  readonly dynamoDb: Relay;
  readonly kms: Relay;
  readonly unkey: Relay;
  readonly supabase: SupabaseHandle;
  /** Every row of a table, past the relay. */
  rows(table: TableId): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** A confirmed user who can sign in. */
  createUser(userMetadata?: Readonly<Record<string, unknown>>): Promise<TestUser>;
}

export interface TestUser {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
}

const tableName = (table: TableId): string => {
  const resources = {
    keys: "KeysTable",
    providerKeys: "ProviderKeysTable",
    usage: "UsageTable",
    rollups: "RollupsTable",
    cache: "CacheTable",
    jobs: "JobsTable",
  } as const;
  const { name } = JSON.parse(process.env[`SST_RESOURCE_${resources[table]}`] ?? "{}") as { name?: string };
  return name ?? "";
};

/** Every row of a table behind a relay, read without its faults. */
export const scanTable = async (
  relay: Relay,
  table: TableId,
): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const { intercept } = relay;
  relay.intercept = () => undefined;
  const client = localDynamoDbClient(relay.url);
  const documents = DynamoDBDocumentClient.from(client);
  const rows: Record<string, unknown>[] = [];
  try {
    let start: Record<string, unknown> | undefined;
    do {
      const page = await documents.send(
        new ScanCommand({ TableName: tableName(table), ExclusiveStartKey: start, ConsistentRead: true }),
      );
      rows.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return rows;
  } finally {
    client.destroy();
    relay.intercept = intercept;
  }
};

/** All of them at once. Call it in a `describe` that is skipped where there are no tables. */
export const useStandIns = (options: Partial<SupabaseAuthOptions> = {}): (() => StandIns) => {
  const dynamoDb = useTables();
  const kms = useKms();
  const unkey = useUnkey();
  const supabase = useSupabase(options);
  return () => ({
    dynamoDb: dynamoDb(),
    kms: kms(),
    unkey: unkey(),
    supabase: supabase(),
    rows: (table) => scanTable(dynamoDb(), table),
    createUser: async (userMetadata = {}) => {
      const account = { email: `${randomUUID()}@test.local`, password: `test-${randomUUID()}` };
      const { id } = await supabase().server.addUser({ ...account, userMetadata });
      return { userId: id, ...account };
    },
  });
};
