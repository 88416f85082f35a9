import { beforeAll, beforeEach, expect } from "vitest";
import { rowKeys, utcDay } from "#core/db/row-keys.ts";
import { getItem, queryPrefix } from "#core/db/table.ts";
import { type UsageEvent, usageEventSchema } from "#core/db/usage-event.ts";
import { rollUp } from "#core/usage/rollup.ts";
import { summarizeUsage } from "#core/usage/summary.ts";
import { type Caller, type ChatGateway, useChatGateway } from "#tests/core/support/chat-gateway.ts";
import type { Answer } from "#tests/core/support/lambda.ts";
import { answering, wires } from "./wires.ts";

/** The functions in this process on real parts, each behind a relay, and what their faults must never harm. */

const maxEvents = 200;

/** As `useChatGateway`, with Google too, and a provider that is well unless a test says otherwise. */
export const useFaultyGateway = (options: Parameters<typeof useChatGateway>[0] = {}): (() => ChatGateway) => {
  const gateway = useChatGateway(options);
  beforeAll(() => {
    for (const { baseUrlVariable } of wires) process.env[baseUrlVariable] = gateway().provider.url;
    process.env.SST_RESOURCE_GoogleApiKey = JSON.stringify({ value: "google-platform" });
  });
  beforeEach(() => {
    gateway().play = answering();
  });
  return gateway;
};

/** Everything well again, whatever a test did. */
export const mend = ({ dynamoDb, kms, unkey }: ChatGateway): void => {
  for (const relay of [dynamoDb, kms, unkey]) relay.reset();
};

/** A user's usage events of today, oldest first. */
export const eventsOf = async ({ userId }: Pick<Caller, "userId">): Promise<readonly UsageEvent[]> => {
  const { pk } = rowKeys.usageEvent(userId, utcDay(Date.now()), "", 0);
  const rows = await queryPrefix("usage", pk, "req_", { limit: maxEvents, consistent: true });
  return rows.map((row) => usageEventSchema.parse(row));
};

/** How many requests of a user are open, and what is reserved or spent today, pico-dollars. */
export const admissionOf = async ({ userId }: Pick<Caller, "userId">) => {
  const row = await getItem("keys", rowKeys.admission(userId), { consistent: true });
  const spent = row?.[`spend#${utcDay(Date.now())}`] ?? 0;
  return { open: Object.keys((row?.open ?? {}) as object).length, spentPicoUsd: BigInt(spent as number | bigint) };
};

/**
 * What must hold once a user's requests are over, however they ended: each left exactly one settled event, as `expected`
 * in order; no place is held; the daily cap holds exactly what the events cost, and where that is an estimate at most what
 * their calls had reserved; and the daily sums count each event once, also when the stream delivers it twice.
 */
export const expectBooked = async (caller: Pick<Caller, "userId">, expected: readonly object[]): Promise<void> => {
  const events = await eventsOf(caller);
  expect(events).toMatchObject(expected);
  expect(events).toHaveLength(expected.length);
  expect(events.filter(({ status }) => status === "open")).toEqual([]);
  const cost = events.reduce((sum, { byok, costPicoUsd }) => sum + (byok ? 0n : (costPicoUsd ?? 0n)), 0n);
  const { open, spentPicoUsd } = await admissionOf(caller);
  expect(open).toBe(0);
  expect(spentPicoUsd).toBeGreaterThanOrEqual(cost);
  const uncertain = events
    .filter(({ byok, estimated }) => estimated && !byok)
    .reduce((sum, { reservedPicoUsd, attempts }) => sum + reservedPicoUsd * BigInt(Math.max(1, attempts.length)), 0n);
  expect(spentPicoUsd).toBeLessThanOrEqual(cost + uncertain);
  await rollUp(events, Date.now());
  await rollUp(events, Date.now());
  const today = utcDay(Date.now());
  const { totalRequests, errors } = await summarizeUsage(caller.userId, { from: today, to: today, keyId: undefined });
  expect({ totalRequests, errors }).toEqual({
    totalRequests: events.filter(({ generation }) => generation === 0).length,
    errors: events.filter(({ status }) => status !== "ok").length,
  });
};

/** The error that an answer is, or that its stream ended in. */
export const errorOf = ({ status, text, json }: Answer): { readonly code: string; readonly message: string } => {
  if (status !== 200) return json().error;
  const last = text.trimEnd().split("\n\n").at(-1) ?? "";
  return (JSON.parse(last.slice("data: ".length)) as { error: { code: string; message: string } }).error;
};

/** How many API keys a user is counted to have. */
export const keyCountOf = async ({ userId }: Pick<Caller, "userId">): Promise<number> =>
  Number((await getItem("keys", rowKeys.admission(userId), { consistent: true }))?.keyCount ?? 0);
