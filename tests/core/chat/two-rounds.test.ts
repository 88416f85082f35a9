import { beforeEach, describe, expect, it } from "vitest";
import { type TableId, tables } from "#core/tables.ts";
import { storedRow } from "#tests/core/provider-keys/rows.ts";
import { type Caller, type Play, saying, useChatGateway } from "#tests/core/support/chat-gateway.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { operationOf, type RelayedRequest } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";

muteLog();

/** A call to DynamoDB by its table and operation, such as `cache:GetItem`. */
const tableCall = (request: RelayedRequest): string => {
  const { TableName } = JSON.parse(request.body) as { readonly TableName: string };
  const ids = Object.keys(tables) as TableId[];
  const table = ids.find((id) => TableName.endsWith(`-${tables[id].resource}`)) ?? TableName;
  return `${table}:${operationOf(request)}`;
};

describe.skipIf(!hasTables)(`a chat request stands on two rounds of calls and nothing more (${tablesName})`, () => {
  const gateway = useChatGateway();
  let caller: Caller;
  beforeEach(async () => {
    caller = await gateway().createCaller();
    // The first request of a user makes its rows, the second learns that there are no provider keys; then every one is the same.
    await warmUp();
  });

  const warmUp = async () => {
    for (let request = 0; request < 2; request++) {
      await gateway().ask(caller, { seed: 1 }, { "X-Cache": "no-cache" });
    }
    gateway().dynamoDb.reset();
    gateway().unkey.reset();
    gateway().kms.reset();
  };

  /** What was called until the provider was asked, and after that. */
  const counted = async (body: object, headers: Readonly<Record<string, string>>) => {
    let before = 0;
    let verified: string[] = [];
    const playing: Play = (response, request) => {
      before = gateway().dynamoDb.requests.length;
      verified = gateway().unkey.requests.map(({ path }) => path);
      return saying()(response, request);
    };
    gateway().play = playing;
    const answer = await gateway().ask(caller, body, headers);
    expect(answer.status).toBe(200);
    const calls = gateway().dynamoDb.requests.map(tableCall);
    // Those of one round start in no promised order.
    const [first, ...second] = calls.slice(0, before);
    return {
      verified,
      first,
      second: second.toSorted(),
      after: calls.slice(before).toSorted(),
      unkey: gateway().unkey.requests.length,
      kms: gateway().kms.requests.map(operationOf),
    };
  };

  it.each([false, true])("without the cache (stream %s)", async (stream) => {
    expect(await counted({ stream }, { "X-Cache": "no-cache" })).toEqual({
      verified: ["/v2/keys.verifyKey"],
      first: "keys:GetItem",
      second: ["keys:UpdateItem", "usage:PutItem"],
      after: ["keys:UpdateItem", "usage:UpdateItem"],
      unkey: 1,
      kms: [],
    });
  });

  it.each([false, true])("with the cache, that has no answer yet (stream %s)", async (stream) => {
    expect(await counted({ stream }, {})).toEqual({
      verified: ["/v2/keys.verifyKey"],
      first: "keys:GetItem",
      second: ["cache:GetItem", "cache:PutItem", "keys:UpdateItem", "usage:PutItem"],
      // The answer, then the lock.
      after: ["cache:PutItem", "cache:PutItem", "keys:UpdateItem", "usage:UpdateItem"],
      unkey: 1,
      // A data key serves a user's answers of five minutes.
      kms: ["GenerateDataKey"],
    });
    gateway().dynamoDb.reset();
    gateway().unkey.reset();
    gateway().kms.reset();
    expect((await counted({ stream, seed: 2 }, {})).kms).toEqual([]);
  });

  it("with provider keys, which are queried in the second round", async () => {
    await storedRow("sk-own", caller.userId);
    await warmUp();
    gateway().play = saying();
    expect(await counted({}, { "X-Cache": "no-cache" })).toEqual({
      verified: ["/v2/keys.verifyKey"],
      first: "keys:GetItem",
      second: ["keys:UpdateItem", "providerKeys:Query", "usage:PutItem"],
      after: ["keys:UpdateItem", "usage:UpdateItem"],
      unkey: 1,
      // An opened data key serves the requests of five minutes.
      kms: [],
    });
  });

  it("with the first provider key of a user, which is queried when admission says that there is one", async () => {
    await storedRow("sk-own", caller.userId);
    gateway().dynamoDb.reset();
    gateway().kms.reset();
    const held = Promise.withResolvers<void>();
    gateway().dynamoDb.intercept = (request) =>
      tableCall(request) === "keys:UpdateItem" ? { kind: "hold", until: held.promise } : undefined;
    const counting = counted({}, { "X-Cache": "no-cache" });
    await expect
      .poll(() => gateway().dynamoDb.requests.map(tableCall).toSorted())
      .toEqual(["keys:GetItem", "keys:UpdateItem", "usage:PutItem"]);
    held.resolve();
    const { second, after } = await counting;
    expect(second).toEqual(["keys:UpdateItem", "providerKeys:Query", "usage:PutItem"]);
    expect(after).toEqual(["keys:UpdateItem", "usage:UpdateItem"]);
    expect(gateway().provider.requests.at(-1)?.headers.authorization).toBe("Bearer sk-own");
  });

  it("for a cached answer, which asks nobody else", async () => {
    await gateway().ask(caller, {});
    gateway().dynamoDb.reset();
    const hit = await gateway().ask(caller, {});
    expect(hit.headers["x-cache"]).toBe("HIT");
    const calls = gateway()
      .dynamoDb.requests.map(tableCall)
      .filter((call) => call !== "cache:DeleteItem");
    // A lock that it took beside the answer is given back after it; one that the first request left is not taken.
    expect(calls.toSorted()).toEqual([
      "cache:GetItem",
      "cache:PutItem",
      "keys:GetItem",
      "keys:UpdateItem",
      "keys:UpdateItem",
      "usage:PutItem",
      "usage:UpdateItem",
    ]);
  });

  it("with an Idempotency-Key, whose lease is a round of its own", async () => {
    const calls = await counted({}, { "X-Cache": "no-cache", "Idempotency-Key": "once" });
    expect(calls.second).toEqual(["cache:PutItem", "keys:UpdateItem", "usage:PutItem"]);
    expect(calls.after).toEqual(["cache:PutItem", "keys:UpdateItem", "usage:UpdateItem"]);
  });

  it("starts the calls of the second round together: none of them waits for another", async () => {
    const held = Promise.withResolvers<void>();
    const arrived: string[] = [];
    gateway().dynamoDb.intercept = (request) => {
      const call = tableCall(request);
      if (call === "keys:GetItem") return undefined;
      arrived.push(call);
      return arrived.length <= 4 ? { kind: "hold", until: held.promise } : undefined;
    };
    const asking = gateway().ask(caller, {});
    await expect
      .poll(() => arrived.toSorted())
      .toEqual(["cache:GetItem", "cache:PutItem", "keys:UpdateItem", "usage:PutItem"]);
    held.resolve();
    expect((await asking).status).toBe(200);
  });

  it("starts the calls of the first round together", async () => {
    const held = Promise.withResolvers<void>();
    gateway().dynamoDb.intercept = (request) =>
      tableCall(request) === "keys:GetItem" ? { kind: "hold", until: held.promise } : undefined;
    const asking = gateway().ask(caller, {});
    await expect.poll(() => [gateway().dynamoDb.requests.length, gateway().unkey.requests.length]).toEqual([1, 1]);
    held.resolve();
    expect((await asking).status).toBe(200);
  });
});
