import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import * as z from "zod";
import { type TableId, tables } from "#core/tables.ts";

/** What `record.ts` wrote: the rows that a version left behind, and what somebody outside knows of them. */

const folder = join(import.meta.dirname, "fixtures");

/** The recorded versions, by their commits. */
export const versions: readonly string[] = readdirSync(folder);

const account = z.object({ userId: z.string(), email: z.string(), password: z.string() });

const exchangeSchema = z.object({
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.unknown(),
  status: z.number(),
  requestId: z.string(),
  contentType: z.string(),
  /** Of the answer's bytes, hex. */
  sha256: z.string(),
});

const recordingSchema = z.object({
  /** When the gateway was killed and its rows were read. */
  recordedAtMs: z.number(),
  day: z.string(),
  owner: account,
  banned: account,
  /** The owner's API keys, but for `banned`, by what became of them. */
  apiKeys: z.record(z.string(), z.object({ key: z.string(), keyId: z.string() })),
  /** By provider. `minimax` was removed again. */
  providerKeys: z.record(z.string(), z.object({ id: z.string(), slug: z.string(), apiKey: z.string() })),
  /** Requests without an answer, by what became of them. */
  requestIds: z.object({ abandoned: z.string(), cancelled: z.string(), killed: z.string(), cancelling: z.string() }),
  /** By the name of the request that started them. */
  jobIds: z.record(z.string(), z.string()),
  webhookSecrets: z.record(z.string(), z.string()),
  /** Requests with an answer. The API key is `plain`. */
  exchanges: z.record(z.string(), exchangeSchema),
  /** Answers of `GET /api/v1/usage` for the day, and of `GET /api/v1/jobs`. */
  usage: z.looseObject({
    totalRequests: z.number(),
    errors: z.number(),
    byModel: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),
  jobs: z.array(z.looseObject({ id: z.string() })),
});

export type Recording = z.infer<typeof recordingSchema>;
export type Exchange = z.infer<typeof exchangeSchema>;

export const readRecording = (version: string): Recording =>
  recordingSchema.parse(JSON.parse(readFileSync(join(folder, version, "recording.json"), "utf8")));

/** The data folder of `npm start`, less what every start makes anew. */
export const localFolder = (version: string): string => join(folder, version, "local");

export type Row = Readonly<Record<string, AttributeValue>>;

/** The rows of a table in DynamoDB's typed form, in the order of their keys. */
export const readTable = (version: string, table: TableId): readonly Row[] =>
  z
    .array(z.record(z.string(), z.custom<AttributeValue>()))
    .parse(JSON.parse(readFileSync(join(folder, version, "tables", `${table}.json`), "utf8")));

/** A row as repositories read it: numbers that a double would round are bigints. */
export const plainRow = (row: Row): Readonly<Record<string, unknown>> =>
  unmarshall(
    { ...row },
    {
      wrapNumbers: (text) =>
        Number.isSafeInteger(Number(text)) || !/^-?\d+$/.test(text) ? Number(text) : BigInt(text),
    },
  );

export const tableIds = Object.keys(tables) as TableId[];

/** A part of a recording that has to be there. */
export const part = <Value>(parts: Readonly<Record<string, Value>>, name: string): Value => {
  const found = parts[name];
  if (found === undefined) throw new Error(`Nothing was recorded as ${name}`);
  return found;
};
