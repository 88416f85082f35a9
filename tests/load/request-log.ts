import { randomUUID } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { BatchWriteCommand, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { createTables } from "#infra/local/dynamodb/create-tables.ts";
import { startDynamoDb } from "#infra/local/dynamodb/server.ts";
import { median } from "#tests/bench/statistics.ts";
import { stopStreams } from "#tests/support/stop-streams.ts";
import { useTables } from "./use-tables.ts";

/**
 * `npm run load -- request-log [largest]`: pages of the request log over 100 to 1,000,000 events of one day, each set for a
 * different user. A page must read at most 1 MB, whatever the filter finds. It starts a DynamoDB, or uses the one at
 * `DYNAMODB_ENDPOINT`. Rows are written straight into the table, several batches at once.
 */

const largest = Number(process.argv[2] ?? 1_000_000);
const sizes = [100, 1_000, 10_000, 100_000, 1_000_000].filter((size) => size <= largest);
if (sizes.length === 0) throw new Error("Give the largest number of events, 100 or more");
const maxPageBytes = 1_048_576;
const batchSize = 25;
const batchesAtOnce = 8;
/** Pages that are read of one filter: the first ones of a large set stand for all, which would be thousands. */
const maxPages = 120;
/** Between two events, ms: a million fit into a day. */
const spacingMs = 80;
const firstMs = Date.UTC(2026, 10, 20);
const day = "2026-11-20";

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const idOf = (index: number): string => {
  const hex = (firstMs + index * spacingMs).toString(16).padStart(12, "0");
  return `req_${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${String(index).padStart(12, "0")}`;
};

/** One event in a thousand failed; one key in a thousand events is another. */
const rowOf = (userId: string, index: number): Record<string, unknown> => {
  const requestId = idOf(index);
  const failed = index % 1_000 === 7;
  const keyId = index % 1_000 === 9 ? "key_rare" : "key_1";
  const sk = `${requestId}#0`;
  const attempt = { model: "gpt-4o-mini", provider: "openai", result: "ok", status: 200, latencyMs: 900, startedMs: 4 };
  return {
    pk: `USER#${userId}#${day}`,
    sk,
    userId,
    day,
    requestId,
    generation: 0,
    route: "ChatCompletions",
    keyId,
    status: failed ? "error" : "ok",
    model: "gpt-4o-mini",
    askedModel: "gpt-4o-mini",
    provider: "openai",
    byok: false,
    streamed: true,
    cacheHit: false,
    startedAt: firstMs + index * spacingMs,
    latencyMs: 900,
    inputTokens: 1_000,
    outputTokens: 500,
    costPicoUsd: 450_000_000,
    reservedPicoUsd: 0,
    tags: { team: "search", session: "0198d0de-0000-7000-8000-000000000000" },
    attempts: [attempt],
    openShard: failed ? `ERRORS#${userId}` : `KEY#${userId}#${keyId}`,
    openUntil: sk,
  };
};

const main = async (): Promise<void> => {
  const server = process.env.DYNAMODB_ENDPOINT === undefined ? await startDynamoDb() : undefined;
  const endpoint = server?.endpoint ?? process.env.DYNAMODB_ENDPOINT ?? "";
  try {
    const names = await createTables(endpoint, `load-${randomUUID()}`);
    await stopStreams(endpoint, names);
    useTables(endpoint, names);
    // The gateway's own client gives up after a moment, which a machine full of writes takes.
    const client = new DynamoDBClient({ endpoint, requestHandler: { requestTimeout: 60_000 } });
    const bulk = DynamoDBDocumentClient.from(client);
    // After the environment is set: config reads each value once.
    const { readRequestPage } = await import("#core/usage/request-page.ts");
    const write = async (userId: string, size: number): Promise<void> => {
      let next = 0;
      const writer = async (): Promise<void> => {
        for (let start = next; start < size; start = next) {
          next = start + batchSize;
          const rows = Array.from({ length: Math.min(batchSize, size - start) }, (_, index) =>
            rowOf(userId, start + index),
          );
          const RequestItems = { [names.usage]: rows.map((Item) => ({ PutRequest: { Item } })) };
          const { UnprocessedItems = {} } = await bulk.send(new BatchWriteCommand({ RequestItems }));
          if (Object.keys(UnprocessedItems).length > 0) throw new Error("DynamoDB left rows unwritten");
        }
      };
      await Promise.all(Array.from({ length: batchesAtOnce }, writer));
    };
    say("   events  filter            found   pages   largest page, KB   first page, ms   median page, ms");
    for (const size of sizes) {
      const userId = randomUUID();
      const writtenFrom = performance.now();
      await write(userId, size);
      if (size >= 100_000)
        say(`${size} rows were written in ${((performance.now() - writtenFrom) / 1_000).toFixed(0)} s`);
      const range = { userId, fromMs: firstMs, toMs: firstMs + 2 * 86_400_000 };
      const filters = [
        ["none", {}],
        ["model, no match", { model: "no-such-model" }],
        ["key, 1 in 1,000", { key: "key_rare" }],
        ["error, 1 in 1,000", { status: "error" }],
      ] as const;
      for (const [name, filter] of filters) {
        let cursor: string | undefined;
        let [found, largestPage] = [0, 0];
        const pagesMs: number[] = [];
        do {
          const askedAt = performance.now();
          const page = await readRequestPage({ ...range, ...filter }, { cursor, limit: 100 });
          pagesMs.push(performance.now() - askedAt);
          found += page.events.length;
          largestPage = Math.max(largestPage, page.readBytes);
          cursor = page.nextCursor;
        } while (cursor !== undefined && pagesMs.length < maxPages);
        const isWhole = cursor === undefined;
        const expected = name === "none" ? size : name === "model, no match" ? 0 : Math.ceil(size / 1_000);
        if (isWhole && found !== expected)
          throw new Error(`${found} events of ${name} were found instead of ${expected}`);
        if (largestPage > maxPageBytes) throw new Error(`A page of ${name} read ${largestPage} bytes`);
        const pages = isWhole ? pagesMs.length : `${pagesMs.length}+`;
        const times = [pagesMs[0] ?? 0, median(pagesMs)].map((ms) => ms.toFixed(0));
        const cells = [found, pages, Math.round(largestPage / 1_024), ...times];
        say(`${String(size).padStart(9)}  ${name.padEnd(17)}${cells.map((cell) => String(cell).padStart(8)).join("")}`);
      }
    }
  } finally {
    await server?.close();
  }
};

await main();
