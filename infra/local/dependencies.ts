import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { settingOf } from "#infra/settings.ts";
import { startCollector } from "./collector/server.ts";
import { createTables, TableMismatch, type TableNames } from "./dynamodb/create-tables.ts";
import { startDynamoDb } from "./dynamodb/server.ts";
import { startKms } from "./kms/server.ts";
import { startLangfuse } from "./langfuse/server.ts";
import { startSimulatedProviders } from "./providers/simulated-providers.ts";
import { startSts } from "./sts/server.ts";
import { templateLink } from "./supabase/mail-template.ts";
import { startSupabaseAuth } from "./supabase/server.ts";
import { startUnkey } from "./unkey/server.ts";
import { UnusableData } from "./unusable-data.ts";

/** What the functions reach over the network, each an embedded stand-in unless the environment names another server. */
export interface Dependencies {
  readonly dynamoDbEndpoint: string;
  readonly tableNames: TableNames;
  readonly kmsEndpoint: string;
  readonly kmsKeyArn: string;
  readonly stsEndpoint: string;
  readonly unkey: { readonly url: string; readonly rootKey: string; readonly apiId: string };
  readonly supabase: {
    readonly url: string;
    readonly anonKey: string;
    /** Opens the admin endpoints; undefined when the server is not ours. */
    readonly serviceRoleKey: string | undefined;
    /** Makes the demo user; undefined when the server is not ours. */
    readonly addUser: ((email: string, password: string) => Promise<string>) | undefined;
  };
  /** Undefined when the environment names a Langfuse of its own. */
  readonly langfuse: { readonly url: string; readonly publicKey: string; readonly secretKey: string } | undefined;
  /** A stand-in that exports of this machine may be sent to. */
  readonly collectorUrl: string;
  /** Base URLs of the simulated providers. */
  readonly simulatedProviders: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const localKeyId = "00000000-0000-4000-8000-000000000001";
const localKeyArn = `arn:aws:kms:us-east-1:000000000000:key/${localKeyId}`;
const tablePrefix = "concurred-local";

/** Credentials of the stand-ins: they guard nothing but this machine's own test data. */
const localSecrets = {
  unkeyRootKey: "unkey_local_root",
  unkeyApiId: "api_local",
  supabaseAnonKey: "sb_publishable_local",
  langfusePublicKey: "pk-lf-local",
  langfuseSecretKey: "sk-lf-local",
  supabaseServiceKey: "sb_secret_local",
} as const;

export interface DependencyOptions {
  /** Folder that keeps tables, keys and users. */
  readonly dataDir: string;
  /** Where the dashboard will be, for the links in mails. */
  readonly siteUrl: string;
  readonly onProgress: (step: string) => void;
  readonly onMail: (mail: { readonly to: string; readonly type: string; readonly link: string }) => void;
}

type Close = () => Promise<void>;

/**
 * Starts every part that the environment does not name, in parallel. What started is closed again when one cannot.
 * Length: one entry for each part that can be started.
 */
export const startDependencies = async (options: DependencyOptions): Promise<Dependencies> => {
  const { dataDir, siteUrl, onProgress } = options;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const closers: Close[] = [];
  const own = async <Part extends { close: () => Promise<void> }>(
    name: string,
    starting: Promise<Part>,
  ): Promise<Part> => {
    const part = await starting;
    closers.push(() => part.close());
    onProgress(name);
    return part;
  };
  const close = async (): Promise<void> => {
    await Promise.allSettled(closers.map((end) => end()));
  };

  const dynamoDb = async () => {
    const external = settingOf("DYNAMODB_ENDPOINT");
    const endpoint =
      external ?? (await own("DynamoDB", startDynamoDb({ dataFile: join(dataDir, "dynamodb.db") }))).endpoint;
    try {
      return { endpoint, tableNames: await createTables(endpoint, tablePrefix) };
    } catch (error) {
      if (!(error instanceof TableMismatch)) throw error;
      if (external === undefined) throw new UnusableData(dataDir, error.message);
      throw new Error(`This version cannot use the tables at ${external}: ${error.message}.`);
    }
  };
  const kms = async () =>
    settingOf("KMS_ENDPOINT") ??
    (
      await own(
        "KMS",
        startKms({ dataFile: join(dataDir, "kms.json"), keys: [{ id: localKeyId, alias: "alias/concurred-local" }] }),
      )
    ).url;
  const sts = async () => (await own("STS", startSts({ dataFile: join(dataDir, "sts.json") }))).url;
  const unkey = async () => {
    const url = settingOf("UNKEY_URL");
    const { unkeyRootKey: rootKey, unkeyApiId: apiId } = localSecrets;
    if (url === undefined) {
      const server = await own("Unkey", startUnkey({ dataFile: join(dataDir, "unkey.json"), rootKey, apiId }));
      return { url: server.url, rootKey, apiId };
    }
    return { url, rootKey: settingOf("UNKEY_ROOT_KEY") ?? rootKey, apiId: settingOf("UNKEY_API_ID") ?? apiId };
  };
  const supabase = async () => {
    const url = settingOf("SUPABASE_URL");
    const { supabaseAnonKey: anonKey, supabaseServiceKey: serviceRoleKey } = localSecrets;
    if (url !== undefined) {
      const ofServer = settingOf("SUPABASE_ANON_KEY") ?? anonKey;
      return { url, anonKey: ofServer, serviceRoleKey: undefined, addUser: undefined };
    }
    const server = await own(
      "Supabase Auth",
      startSupabaseAuth({
        dataFile: join(dataDir, "supabase.json"),
        anonKey,
        serviceRoleKey,
        siteUrl,
        mailLink: templateLink,
        onMail: options.onMail,
      }),
    );
    // As an operator does: the demo account works with every sign-up policy.
    const addUser = async (email: string, password: string) =>
      (await server.addUser({ email, password, appMetadata: { admitted: true } })).id;
    return { url: server.url, anonKey, serviceRoleKey, addUser };
  };
  const langfuse = async () => {
    if (settingOf("LANGFUSE_BASE_URL") !== undefined || settingOf("LANGFUSE_PUBLIC_KEY") !== undefined) {
      return undefined;
    }
    const { langfusePublicKey: publicKey, langfuseSecretKey: secretKey } = localSecrets;
    const server = await own(
      "Langfuse",
      startLangfuse({ publicKey, secretKey, dataFile: join(dataDir, "langfuse.json") }),
    );
    return { url: server.url, publicKey, secretKey };
  };
  const collector = async () => (await own("Collector", startCollector())).url;
  const providers = async () => (await own("Simulated providers", startSimulatedProviders())).baseUrls;

  try {
    const parts = await Promise.all([
      dynamoDb(),
      kms(),
      unkey(),
      supabase(),
      providers(),
      langfuse(),
      collector(),
      sts(),
    ]);
    const [
      database,
      kmsEndpoint,
      unkeyPart,
      supabasePart,
      simulatedProviders,
      langfusePart,
      collectorUrl,
      stsEndpoint,
    ] = parts;
    return {
      dynamoDbEndpoint: database.endpoint,
      tableNames: database.tableNames,
      kmsEndpoint,
      kmsKeyArn: settingOf("KMS_KEY_ARN") ?? localKeyArn,
      stsEndpoint,
      unkey: unkeyPart,
      supabase: supabasePart,
      langfuse: langfusePart,
      collectorUrl,
      simulatedProviders,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
