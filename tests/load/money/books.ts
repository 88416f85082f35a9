import { DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { type UsageEvent, usageEventSchema } from "#core/db/usage-event.ts";
import { localDynamoDbClient } from "#infra/local/dynamodb/clients.ts";
import type { LoadedGateway } from "../mixed/gateway.ts";

/** What the gateway's three kinds of books say of one user: usage events, daily sums, and the row of the daily cap. */

export interface GatewayBooks {
  readonly events: readonly UsageEvent[];
  readonly openRequests: number;
  /** Counted against the daily cap, pico-dollars. */
  readonly spentPicoUsd: bigint;
  readonly rollups: { readonly requests: number; readonly tokens: number; readonly costPicoUsd: bigint };
  /** The same rows as they are: the admission row, and those of the daily sums and of tags. */
  readonly admission: Item;
  readonly sums: readonly Item[];
}

export type Item = Readonly<Record<string, unknown>>;

export const integer = (value: unknown): bigint =>
  typeof value === "number" || typeof value === "bigint" ? BigInt(value) : 0n;
const sumOf = (items: readonly Item[], name: string): bigint =>
  items.reduce((sum, item) => sum + integer(item[name]), 0n);

export const readBooks = async (gateway: LoadedGateway, days: readonly string[]): Promise<GatewayBooks> => {
  const client = localDynamoDbClient(gateway.dynamoDbEndpoint);
  const documents = DynamoDBDocumentClient.from(client, {
    unmarshallOptions: { wrapNumbers: (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)) },
  });
  const rows = async (table: string): Promise<readonly Item[]> => {
    const found: Item[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await documents.send(
        new ScanCommand({ TableName: gateway.tableNames[table] ?? "", ExclusiveStartKey: start, ConsistentRead: true }),
      );
      found.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return found;
  };
  try {
    const key = rowKeys.admission(gateway.userId);
    const admission = (await rows("keys")).find(({ pk, sk }) => pk === key.pk && sk === key.sk) ?? {};
    const sums = (await rows("rollups")).filter((row) => row.requests !== undefined || row.generations !== undefined);
    return {
      admission,
      sums,
      events: (await rows("usage")).map((row) => usageEventSchema.parse(row)),
      openRequests: Object.keys((admission.open ?? {}) as object).length,
      spentPicoUsd: days.reduce((sum, day) => sum + integer(admission[`spend#${day}`]), 0n),
      rollups: {
        requests: Number(sumOf(sums, "requests")),
        tokens: Number(sumOf(sums, "inputTokens") + sumOf(sums, "outputTokens")),
        costPicoUsd: sumOf(sums, "costPicoUsd"),
      },
    };
  } finally {
    client.destroy();
  }
};

/** The days on which requests since then are booked. */
export const daysSince = (startedAtMs: number): readonly string[] => [
  ...new Set([utcDay(startedAtMs), utcDay(Date.now())]),
];

/** What an event is made of: the attempts before its answer, each with what it may have cost, and the answer. */
const unusedOf = ({ attempts }: UsageEvent) => attempts.flatMap(({ unused }) => unused ?? []);

/** Tokens that the provider itself stated. */
export const statedTokens = (event: UsageEvent): { readonly input: number; readonly output: number } => {
  const unused = unusedOf(event);
  const stated = unused.filter(({ estimated }) => !estimated);
  const answered = event.status === "ok";
  const sum = (of: readonly UsageEvent["attempts"][number]["unused"][], name: "inputTokens" | "outputTokens"): number =>
    of.reduce((total, one) => total + (one?.[name] ?? 0), 0);
  const answer = (name: "inputTokens" | "outputTokens"): number => (answered ? event[name] - sum(unused, name) : 0);
  return {
    input: answer("inputTokens") + sum(stated, "inputTokens"),
    output: answer("outputTokens") + sum(stated, "outputTokens"),
  };
};

/**
 * What an event counts against the daily cap, by docs/reference/faults.md#what-is-booked: its cost, but all that was reserved
 * for each call whose count is an estimate. The cap of the test is so high that each call gets all that it asks for.
 */
export const spendOf = (event: UsageEvent): bigint => {
  const { costPicoUsd = 0n, reservedPicoUsd, attempts, status } = event;
  if (event.provider === "exa") return costPicoUsd;
  const unused = unusedOf(event);
  const unusedCost = unused.reduce((sum, one) => sum + (one.costPicoUsd ?? 0n), 0n);
  const unusedSpend = unused.reduce(
    (sum, one) => sum + (one.estimated ? reservedPicoUsd : (one.costPicoUsd ?? 0n)),
    0n,
  );
  const began = attempts.at(-1)?.result === "ok";
  const answer = costPicoUsd - unusedCost;
  return unusedSpend + (began && status !== "ok" ? reservedPicoUsd : answer);
};
