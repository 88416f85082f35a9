import { setTimeout as pause } from "node:timers/promises";
import { DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { budgetAttribute } from "#core/db/admission-row.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { localDynamoDbClient } from "#infra/local/dynamodb/clients.ts";
import { Browser } from "#tests/accounts/support/gateway.ts";
import { table } from "#tests/bench/markdown.ts";
import { daysSince, type GatewayBooks, type Item, integer, readBooks, spendOf } from "../money/books.ts";
import { type LoadedGateway, startLoadedGateway } from "./gateway.ts";
import { type Kind, mixedKinds, newAgent, send } from "./traffic.ts";

/**
 * Budgets and tags while functions are killed: requests of keys with budgets, under tags, on functions of which one is killed
 * now and then, the rollup among them, whose batches then come again. In the end each key's budget, the daily cap, the sums of
 * days and of tags, and the request log have to say the same of the money, to the pico-dollar.
 */

const killEveryMs = 4_000;
const settleWaitMs = 120_000;
const teams = ["search", "support", "billing"] as const;

/** Kinds of one generation: what a killed run had reserved for its next calls is nobody's cost. */
const singleKinds = ["a completion", "a burst of a stream", "tools", "a refusal by the provider", "embeddings"];
const kinds = mixedKinds.filter(({ name }) => singleKinds.includes(name));

interface BudgetedKey {
  readonly key: string;
  readonly keyId: string;
}

const newKeys = (browser: Browser): Promise<readonly BudgetedKey[]> =>
  Promise.all(
    teams.map(async (team) => {
      const budget = { usd: 1_000, period: "total" };
      const made = await browser.post("/api/v1/keys", { name: team, rateLimit: 10_000, budget });
      if (made.status !== 201) throw new Error(made.text);
      return made.data<BudgetedKey>();
    }),
  );

const drive = async (gateway: LoadedGateway, keys: readonly BudgetedKey[], untilMs: number, connections: number) => {
  let [answered, failed, next] = [0, 0, 0];
  const connection = async (): Promise<void> => {
    const agent = newAgent();
    while (performance.now() < untilMs) {
      const index = next++;
      const kind = kinds[index % kinds.length] as Kind;
      const which = index % teams.length;
      const tagged = { ...kind, headers: { ...kind.headers, "x-tags": `team=${teams[which]}` } };
      const caller = { url: gateway.url, apiKey: keys[which]?.key ?? "" };
      // What a killed function answers is the caller's bad luck, and not what is looked at here.
      await send(caller, agent, tagged, index).then(
        () => (answered += 1),
        () => (failed += 1),
      );
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return { answered, failed };
};

/** Kills one function's process after the other until the signal fires. Resolves to how many. */
const killSome = async (gateway: LoadedGateway, signal: AbortSignal): Promise<number> => {
  let killed = 0;
  while (!signal.aborted) {
    await pause(killEveryMs, undefined, { signal }).catch(() => undefined);
    const pids = await gateway.functionPids();
    const pid = pids[killed % Math.max(1, pids.length)];
    if (signal.aborted || pid === undefined) continue;
    process.kill(pid, "SIGKILL");
    killed += 1;
  }
  return killed;
};

/** Lets the sweeper find what killed functions left behind: otherwise it waits for their longest time. */
const endOpenRows = async (gateway: LoadedGateway, events: readonly UsageEvent[]): Promise<void> => {
  const client = localDynamoDbClient(gateway.dynamoDbEndpoint);
  const documents = DynamoDBDocumentClient.from(client);
  for (const { userId, day, requestId, generation } of events.filter(({ status }) => status === "open")) {
    await documents
      .send(
        new UpdateCommand({
          TableName: gateway.tableNames.usage,
          Key: { ...rowKeys.usageEvent(userId, day, requestId, generation) },
          UpdateExpression: "SET openUntil = :past",
          ConditionExpression: "#status = :open",
          ExpressionAttributeNames: { "#status": "status" },
          ExpressionAttributeValues: { ":past": "1", ":open": "open" },
        }),
      )
      .catch(() => undefined);
  }
  client.destroy();
};

const settledBooks = async (gateway: LoadedGateway, startedAtMs: number): Promise<GatewayBooks> => {
  const until = performance.now() + settleWaitMs;
  for (;;) {
    const books = await readBooks(gateway, daysSince(startedAtMs));
    const isSettled =
      books.openRequests === 0 &&
      books.events.every(({ status }) => status !== "open") &&
      daySums(books).reduce((sum, row) => sum + Number(row.requests), 0) === books.events.length;
    if (isSettled || performance.now() > until) return books;
    await endOpenRows(gateway, books.events);
    await pause(2_000);
  }
};

const daySums = ({ sums }: GatewayBooks): readonly Item[] => sums.filter(({ sk }) => String(sk).startsWith("DAY#"));
const tagSums = ({ sums }: GatewayBooks): readonly Item[] => sums.filter(({ sk }) => String(sk).startsWith("TAG#"));
const costOf = (rows: readonly Item[]): bigint => rows.reduce((sum, row) => sum + integer(row.costPicoUsd), 0n);
const eventsCost = (events: readonly UsageEvent[]): bigint =>
  events.reduce((sum, { costPicoUsd = 0n }) => sum + costPicoUsd, 0n);
const eventsSpend = (events: readonly UsageEvent[]): bigint => events.reduce((sum, event) => sum + spendOf(event), 0n);

/** Cost of all entries of the request log, page by page, in pico-dollars. */
const loggedCost = async (browser: Browser): Promise<bigint> => {
  let sum = 0n;
  let cursor: string | null = "";
  while (cursor !== null) {
    const page = await browser.get(`/api/v1/requests?limit=100${cursor === "" ? "" : `&cursor=${cursor}`}`);
    const data: { requests: readonly { costUsd: number | null }[]; nextCursor: string | null } = page.data();
    for (const { costUsd } of data.requests) sum += BigInt(Math.round((costUsd ?? 0) * 1e12));
    cursor = data.nextCursor;
  }
  return sum;
};

type Pair = readonly [what: string, one: bigint | number, other: bigint | number];

const compare = (books: GatewayBooks, keys: readonly BudgetedKey[], logged: bigint): readonly Pair[] => {
  const { events, admission, spentPicoUsd, openRequests } = books;
  return [
    ["open requests, none", openRequests, 0],
    ["open rows, none", events.filter(({ status }) => status === "open").length, 0],
    ...keys.map(({ keyId }, index): Pair => {
      const own = events.filter((event) => event.keyId === keyId);
      const name = own[0]?.budget ?? "";
      return [`budget of key ${index + 1}, its events`, integer(admission[budgetAttribute(name)]), eventsSpend(own)];
    }),
    ["daily cap, events", spentPicoUsd, eventsSpend(events)],
    ["daily sums, events", costOf(daySums(books)), eventsCost(events)],
    ...keys.map(({ keyId }, index): Pair => {
      const rows = daySums(books).filter((row) => row.keyId === keyId);
      return [
        `daily sums of key ${index + 1}, its events`,
        costOf(rows),
        eventsCost(events.filter((event) => event.keyId === keyId)),
      ];
    }),
    ...teams.map((team): Pair => {
      const own = events.filter(({ tags }) => tags?.team === team);
      return [
        `sums of team=${team}, its events`,
        costOf(tagSums(books).filter(({ value }) => value === team)),
        eventsCost(own),
      ];
    }),
    ["request log, events", logged, eventsCost(events)],
  ];
};

/** Runs it. Resolves to what is reported, and to what does not agree. */
export const booksAfterKills = async (
  minutes: number,
  connections: number,
): Promise<{ readonly text: string; readonly wrong: readonly string[] }> => {
  const startedAtMs = Date.now();
  const gateway = await startLoadedGateway({ SCHEDULE_SCALE: "20", MAX_WORKERS: "24" }, ["--processes"]);
  try {
    const browser = await Browser.of(gateway.url).signIn(gateway.user);
    const keys = await newKeys(browser);
    const over = new AbortController();
    const killing = killSome(gateway, over.signal);
    const untilMs = performance.now() + minutes * 60_000;
    const { answered, failed } = await drive(gateway, keys, untilMs, connections);
    over.abort();
    const killed = await killing;
    const books = await settledBooks(gateway, startedAtMs);
    const pairs = compare(books, keys, await loggedCost(browser));
    const abandoned = books.events.filter(({ status }) => status === "abandoned").length;
    const text = [
      `Budgets and tags under kills: ${minutes} minutes, ${connections} connections, ${answered} requests answered and ${failed} lost to ${killed} killed functions; ${books.events.length} usage events, ${abandoned} of them settled by the sweeper. Pico-dollars:`,
      table(
        ["", "One book", "The other"],
        pairs.map(([what, one, other]) => [what, String(one), String(other)]),
      ),
    ].join("\n\n");
    return { text, wrong: pairs.filter(([, one, other]) => one !== other).map(([what]) => what) };
  } finally {
    await gateway.stop();
  }
};
