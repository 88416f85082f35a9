import { randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { admit } from "#core/db/admission.ts";
import { readKeyMark, recordVerification } from "#core/db/key-marks.ts";
import { forgetAbsences } from "#core/db/provider-key-absence.ts";
import { type ProviderKeyRow, providerKeyRowKey } from "#core/db/provider-key-rows.ts";
import { confirmAddition, insertProviderKey, removeProviderKey } from "#core/db/provider-keys.ts";
import { putItem } from "#core/db/table.ts";
import { callerProviderKeys } from "#core/generation/caller-provider-keys.ts";
import { noReserve } from "#core/generation/reservation.ts";
import { newId } from "#core/ids.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { fc, longestMs, runs } from "#tests/support/property.ts";

/** Lets a test decide in which order calls to the tables are made, and in which order their answers arrive. */
const gates = vi.hoisted(() => {
  const waiting: (() => void)[] = [];
  let running = 0;
  let isClosed = false;
  const pass = () => new Promise<void>((resolve) => waiting.push(resolve));
  return {
    waiting,
    get running() {
      return running;
    },
    set isClosed(closed: boolean) {
      isClosed = closed;
    },
    gated:
      <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
      async (...args: Args): Promise<Result> => {
        if (!isClosed) return call(...args);
        await pass();
        running += 1;
        try {
          return await call(...args);
        } finally {
          running -= 1;
          await pass();
        }
      },
  };
});

vi.mock(import("#core/aws/json-call.ts"), async (importOriginal) => {
  const original = await importOriginal();
  return { ...original, callAws: gates.gated(original.callAws) };
});
vi.mock(import("#core/db/document-client.ts"), async (importOriginal) => {
  const { documents } = await importOriginal();
  const send = gates.gated((command: never) => documents.send(command));
  return { documents: { send } as unknown as typeof documents };
});

const nowMs = Date.now();
const limits = { day: "2026-11-29", reserve: noReserve, capPicoUsd: 0n, maxOpen: 1_000 };

const rowOf = (userId: string, id = newId("providerKey")): ProviderKeyRow => ({
  id,
  userId,
  provider: "openai",
  slug: `slug-${randomUUID()}`,
  displayName: "A test's key",
  last4: "abcd",
  createdAt: new Date().toISOString(),
  keyVersion: 1,
  wrappedKey: "",
  sealed: { version: 1, nonce: "", ciphertext: "", tag: "" },
});

const admitted = async (userId: string): Promise<number | undefined> => {
  const request = { ...limits, userId, requestId: newId("request"), untilSeconds: nowMs / 1_000 + 60 };
  const verdict = await admit(request, nowMs, () => undefined);
  return verdict.admitted ? verdict.providerKeysAdded : undefined;
};

const ask = async (userId: string, atMs = Date.now()): Promise<readonly string[]> =>
  (await callerProviderKeys(userId, admitted(userId), atMs)).map(({ id }) => id);

const add = async (row: ProviderKeyRow): Promise<void> => {
  await insertProviderKey(row);
  await confirmAddition(row.userId);
};

describe.skipIf(!hasTables)(`the caller's provider keys (${tablesName})`, () => {
  const tables = useTables();
  let userId: string;
  beforeEach(() => {
    forgetAbsences();
    userId = `user_${randomUUID()}`;
  });

  const queries = () => tables().requests.filter((request) => operationOf(request) === "Query").length;
  /** How many queries a request makes. */
  const queriesOf = async (asked: () => Promise<unknown>): Promise<number> => {
    const before = queries();
    await asked();
    return queries() - before;
  };

  it("are not queried from the third request of a user without any, for ten minutes", async () => {
    const counts = [];
    for (let request = 0; request < 4; request++) counts.push(await queriesOf(() => ask(userId)));
    expect(counts).toEqual([1, 1, 0, 0]);
    expect(await queriesOf(() => ask(userId, Date.now() + 10 * 60_000 + 1_000))).toBe(1);
    expect(await queriesOf(() => ask(userId))).toBe(0);
  });

  it("serve the first request after they were added, and are queried with each request from then on", async () => {
    for (let request = 0; request < 3; request++) await ask(userId);
    const row = rowOf(userId);
    await add(row);
    for (let request = 0; request < 3; request++) {
      expect(await queriesOf(async () => expect(await ask(userId)).toEqual([row.id]))).toBe(1);
    }
    await removeProviderKey(userId, row.id);
    const counts = [];
    for (let request = 0; request < 2; request++) counts.push(await queriesOf(() => ask(userId)));
    expect(counts).toEqual([1, 0]);
  });

  it("are counted with the write that adds one, and again when that is surely done", async () => {
    for (let request = 0; request < 3; request++) await ask(userId);
    const row = rowOf(userId);
    await insertProviderKey(row);
    expect(await admitted(userId)).toBe(1);
    expect(await ask(userId)).toEqual([row.id]);
    await confirmAddition(userId);
    expect(await admitted(userId)).toBe(2);
  });

  it("are not taken to be none after a query that was made before one was added, and answered after the count of it", async () => {
    await ask(userId);
    const { promise: count, resolve: answer } = Promise.withResolvers<number | undefined>();
    gates.isClosed = true;
    const asking = callerProviderKeys(userId, count);
    gates.waiting.shift()?.();
    gates.isClosed = false;
    // The query has its answer, which waits.
    await expect.poll(() => gates.waiting.length).toBe(1);
    const row = rowOf(userId);
    await add(row);
    answer(await admitted(userId));
    gates.waiting.shift()?.();
    expect(await asking).toEqual([]);
    expect(await ask(userId)).toEqual([row.id]);
  });

  it("are queried for a request that was refused: they may pay for it", async () => {
    for (let request = 0; request < 3; request++) await ask(userId);
    expect(await queriesOf(() => callerProviderKeys(userId, Promise.resolve(undefined)))).toBe(1);
  });

  it("are queried while there are keys that only a newer version knows", async () => {
    await putItem("providerKeys", { ...providerKeyRowKey(rowOf(userId)), id: "pk_new", provider: "a-new-provider" });
    const counts = [];
    for (let request = 0; request < 3; request++) counts.push(await queriesOf(() => ask(userId)));
    expect(counts).toEqual([1, 1, 1]);
  });

  it("serve after ten minutes at the latest, where a function of an older version added them without counting", async () => {
    for (let request = 0; request < 3; request++) await ask(userId);
    const row = rowOf(userId);
    await putItem("providerKeys", { ...providerKeyRowKey(row), ...row } as never);
    expect(await ask(userId, Date.now() + 10 * 60_000)).toEqual([row.id]);
    expect(await ask(userId)).toEqual([row.id]);
  });

  it("are known to be none in a new environment, from the mark of the key", async () => {
    const hash = randomUUID();
    const facts = { keyId: "key_1", userId, rateLimit: undefined, nowMs };
    for (let request = 0; request < 2; request++) await ask(userId);
    await recordVerification(hash, facts, true);
    forgetAbsences();
    await readKeyMark(hash);
    expect(await queriesOf(() => ask(userId))).toBe(0);
    await add(rowOf(userId));
    await ask(userId);
    // What the mark says is older than what this environment knows.
    await readKeyMark(hash);
    expect(await queriesOf(() => ask(userId))).toBe(1);
  });

  it("of one user are not learned from the mark of another user's key", async () => {
    const hash = randomUUID();
    for (let request = 0; request < 2; request++) await ask(userId);
    await recordVerification(hash, { keyId: "key_1", userId: "another", rateLimit: undefined, nowMs });
    await recordVerification(hash, { keyId: "key_1", userId, rateLimit: undefined, nowMs });
    expect(await readKeyMark(hash)).not.toHaveProperty("providerKeysAdded");
  });

  const step = fc.constantFrom("ask", "ask", "add", "remove", "restart", "note");
  it("are those that were added before a request and are not removed after it, in any order of calls and answers", {
    timeout: longestMs(120_000),
  }, async () => {
    const property = fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 4 }),
      fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
      fc.nat(2),
      async (clients, choices, before) => {
        forgetAbsences();
        const owner = `user_${randomUUID()}`;
        const hash = randomUUID();
        const facts = { keyId: "key_1", userId: owner, rateLimit: undefined, nowMs };
        for (let request = 0; request < before; request++) await ask(owner);
        /** What has surely happened. */
        const added = new Set<string>();
        const removed = new Set<string>();
        const removing = new Set<string>();
        const steps = {
          ask: async () => {
            const mustServe = [...added];
            const mustNot = [...removed];
            await readKeyMark(hash);
            const served = await ask(owner);
            expect(served).toEqual(expect.arrayContaining(mustServe.filter((id) => !removing.has(id))));
            expect(served.filter((id) => mustNot.includes(id))).toEqual([]);
          },
          add: async () => {
            const row = rowOf(owner);
            await add(row);
            added.add(row.id);
          },
          remove: async () => {
            const [id] = [...added].filter((one) => !removing.has(one));
            if (id === undefined) return;
            removing.add(id);
            await removeProviderKey(owner, id);
            removed.add(id);
          },
          restart: async () => forgetAbsences(),
          note: () => recordVerification(hash, facts, true),
        };
        gates.isClosed = true;
        let isOver = false;
        const work = Promise.all(
          clients.map(async (client) => {
            for (const name of client) await steps[name]();
          }),
        ).finally(() => {
          isOver = true;
        });
        // It is awaited at the end.
        work.catch(() => undefined);
        for (let release = 0; !isOver || gates.waiting.length > 0; release++) {
          await turn();
          if (gates.running > 0 || gates.waiting.length === 0) continue;
          const choice = choices[release % choices.length] ?? 0;
          gates.waiting.splice(choice % gates.waiting.length, 1)[0]?.();
        }
        gates.isClosed = false;
        await work;
      },
    );
    await fc.assert(property, { numRuns: runs(50) });
  });
});
