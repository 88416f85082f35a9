import { createHash, randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem, updateItem } from "#core/db/table.ts";
import { forgetDataKeys } from "#core/encryption/data-key.ts";
import { answerHeaders } from "#core/idempotency/fingerprint.ts";
import {
  checkedIdempotencyKey,
  type EndedAnswer,
  IdempotencyLease,
  type LeaseRequest,
  maxKeptBytes,
  takeLease,
} from "#core/idempotency/idempotency.ts";
import { scanTable, useKms } from "#tests/accounts/support/stand-ins.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

muteLog();

const dayMs = 86_400_000;
const canary = "canary-1b2c-of-the-answer";
const answer: EndedAnswer = {
  status: 200,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: Buffer.from(JSON.stringify({ said: canary.repeat(20) })),
  streamed: false,
};

describe("checkedIdempotencyKey", () => {
  it.each(["a", "x".repeat(255), "req_01-~!"])("takes %s", (key) => {
    expect(checkedIdempotencyKey(key)).toBe(key);
  });

  it.each(["", "x".repeat(256), "two words", "umlaut-ü", "line\nbreak"])("refuses %j with a 400", (key) => {
    expect(() => checkedIdempotencyKey(key)).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", status: 400, param: "Idempotency-Key" }),
    );
  });
});

describe.skipIf(!hasTables)(`takeLease (${tablesName})`, () => {
  const tables = useTables();
  const kms = useKms();
  let request: LeaseRequest;
  beforeEach(() => {
    forgetDataKeys();
    const nowMs = Date.now();
    request = {
      userId: randomUUID(),
      route: "ChatCompletions",
      key: "once",
      body: { model: "gpt", messages: [] },
      headers: {},
      requestId: "req_first",
      deadlineMs: nowMs + 60_000,
      nowMs,
    };
  });

  const take = async (changes: Partial<LeaseRequest> = {}): Promise<IdempotencyLease> => {
    const taken = await takeLease({ ...request, ...changes });
    if (taken instanceof IdempotencyLease) return taken;
    throw new Error("There was an answer already");
  };
  const again = (changes: Partial<LeaseRequest> = {}) => takeLease({ ...request, requestId: "req_again", ...changes });

  it("gives the first answer again, byte for byte", async () => {
    await (await take()).finish(answer);
    expect(await again()).toEqual(answer);
  });

  it("gives bytes that are no text again too", async () => {
    const audio = { ...answer, streamed: true, body: Buffer.from([0xff, 0xfb, 0x00, 0xc3, 0x28]) };
    await (await take()).finish(audio);
    expect(await again()).toEqual(audio);
  });

  it("takes a body for the same however its members were ordered", async () => {
    await (await take()).finish(answer);
    expect(await again({ body: { messages: [], model: "gpt" } })).toEqual(answer);
  });

  it("lets exactly one of twenty at once go on, and sends the others away with Retry-After and who runs", async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => takeLease({ ...request, requestId: `req_${index}` })),
    );
    const taken = results.flatMap((result, index) => (result.status === "fulfilled" ? [`req_${index}`] : []));
    expect(taken).toHaveLength(1);
    for (const result of results) {
      if (result.status === "fulfilled") continue;
      expect(result.reason).toMatchObject({
        code: "CONFLICT",
        status: 409,
        retryAfterSeconds: 2,
        details: { requestId: taken[0] },
      });
    }
  });

  it("refuses another body, while the first runs and after", async () => {
    const lease = await take();
    const other = { body: { model: "claude", messages: [] } };
    await expect(again(other)).rejects.toMatchObject({ code: "IDEMPOTENCY_MISMATCH", status: 422 });
    await lease.finish(answer);
    await expect(again(other)).rejects.toMatchObject({ code: "IDEMPOTENCY_MISMATCH", status: 422 });
  });

  it.each(answerHeaders)(
    "refuses another %s, added, changed or left out: the answer may be another one",
    async (name) => {
      await (await take()).finish(answer);
      const mismatch = { code: "IDEMPOTENCY_MISMATCH", status: 422 };
      await expect(again({ headers: { [name]: "one" } })).rejects.toMatchObject(mismatch);
      await (await take({ key: "with", headers: { [name]: "one, two" } })).finish(answer);
      expect(await again({ key: "with", headers: { [name]: " one,two " } })).toEqual(answer);
      await expect(again({ key: "with", headers: { [name]: "one" } })).rejects.toMatchObject(mismatch);
      await expect(again({ key: "with" })).rejects.toMatchObject(mismatch);
    },
  );

  it("takes a request for the same whatever its other headers say, and however it accepts anything", async () => {
    await (await take({ headers: { "x-cache": "default", "x-request-id": "1" } })).finish(answer);
    const headers = {
      "x-cache": "no-cache",
      "x-cache-ttl": "60",
      "x-timeout-ms": "5",
      accept: "*/*",
      "user-agent": "b",
    };
    expect(await again({ headers })).toEqual(answer);
  });

  it.each([
    ["a 503", { ...answer, status: 503 }],
    ["a 504", { ...answer, status: 504 }],
    ["a 429", { ...answer, status: 429 }],
    ["a cut", undefined],
  ])("frees no key for %s once paid work was handed over, and says so", async (_, end) => {
    await (await take()).finish(end, true);
    await expect(again()).rejects.toMatchObject({
      code: "CONFLICT",
      shouldRetry: false,
      details: { requestId: "req_first", done: true, handedOver: true },
    });
  });

  it("keeps an answer to work that was handed over as any other", async () => {
    await (await take()).finish(answer, true);
    expect(await again()).toEqual(answer);
  });

  it("knows the key of another user, of another route and another key apart", async () => {
    await (await take()).finish(answer);
    await take({ userId: randomUUID() });
    await take({ route: "Battle" });
    await take({ key: "twice" });
  });

  it.each([400, 404, 413, 422])("keeps a %i: the same request would be refused the same way", async (status) => {
    await (await take()).finish({ ...answer, status });
    expect(await again()).toMatchObject({ status });
  });

  it.each([401, 402, 403, 409, 429, 500, 502, 503, 504])(
    "does not keep a %i: a retry may do better",
    async (status) => {
      await (await take()).finish({ ...answer, status });
      await take({ requestId: "req_again" });
    },
  );

  it("does not keep an answer that broke off", async () => {
    await (await take()).finish(undefined);
    await take({ requestId: "req_again" });
  });

  it("knows an answer over 300 KB as done, and names its request instead of making it again", async () => {
    await (await take()).finish({ ...answer, body: undefined });
    await expect(again()).rejects.toMatchObject({
      code: "CONFLICT",
      status: 409,
      shouldRetry: false,
      retryAfterSeconds: undefined,
      details: { requestId: "req_first", done: true },
    });
  });

  it("does the same for one that would fit but does not once it is sealed", async () => {
    // Bytes that are no text grow by a third.
    await (await take()).finish({ ...answer, body: Buffer.alloc(maxKeptBytes, 0xff) });
    await expect(again()).rejects.toMatchObject({ code: "CONFLICT", details: { done: true } });
  });

  it("does the same when KMS is down at the end: the answer was given, and must not be made twice", async () => {
    const lease = await take();
    kms().intercept = () => ({ kind: "answer", status: 500, body: '{"__type":"KMSInternalException"}' });
    await lease.finish(answer);
    await expect(again()).rejects.toMatchObject({ code: "CONFLICT", details: { requestId: "req_first", done: true } });
  });

  it("frees the key of a request that was killed once its deadline is over, and not before", async () => {
    await take();
    await expect(again({ nowMs: request.deadlineMs })).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await again({ nowMs: request.deadlineMs + 3_000 })).toBeInstanceOf(IdempotencyLease);
  });

  it("does not let one that comes to life again after its lease write over the other", async () => {
    const slow = await take({ deadlineMs: request.nowMs - 5_000 });
    const other = await take({ requestId: "req_other" });
    await slow.finish({ ...answer, status: 400 });
    await other.finish(answer);
    await slow.finish(undefined);
    expect(await again()).toEqual(answer);
  });

  it("keeps an answer for 24 hours, by its own clock rather than DynamoDB's", async () => {
    await (await take()).finish(answer);
    expect(await again({ nowMs: request.nowMs + dayMs - 5_000 })).toEqual(answer);
    expect(await again({ nowMs: request.nowMs + dayMs + 5_000 })).toBeInstanceOf(IdempotencyLease);
    const row = await getItem("cache", (await rowOf()) ?? { pk: "", sk: "" });
    expect(row?.expiresAt).toBeDefined();
  });

  const rowOf = async () => {
    const rows = await scanTable(tables(), "cache");
    const found = rows.find(({ pk }) => pk === rowKeys.admission(request.userId).pk);
    return found === undefined ? undefined : { pk: String(found.pk), sk: String(found.sk) };
  };

  /** Makes the row one of another version, whose fingerprint of the same body differs. */
  const ofVersion = async (fingerprintVersion: number) => {
    const key = rowKeys.idempotency(request.userId, request.route, createHash("sha256").update("once").digest("hex"));
    await updateItem("cache", key, "SET fingerprintVersion = :version, bodyHash = :hash", {
      values: { ":version": fingerprintVersion, ":hash": "another" },
    });
  };

  it.each([0, 99])(
    "takes an answer under a fingerprint of version %i for a miss, never for another body",
    async (version) => {
      await (await take()).finish(answer);
      await ofVersion(version);
      const lease = await take({ requestId: "req_second" });
      await lease.finish({ ...answer, status: 400 });
      expect(await again()).toMatchObject({ status: 400 });
    },
  );

  it("lets one of several at once ask again after an answer of another version", async () => {
    await (await take()).finish(answer);
    await ofVersion(99);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => takeLease({ ...request, requestId: `req_${index}` })),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "CONFLICT", status: 409 });
    }
  });

  it("sends others away while a request of another version runs, whose function may be older or newer", async () => {
    await take();
    await ofVersion(99);
    await expect(again()).rejects.toMatchObject({ code: "CONFLICT", details: { requestId: "req_first" } });
  });

  it("reads a row without a version as one of the first, whose headers are not known", async () => {
    await (await take()).finish(answer);
    const { pk, sk } = (await rowOf()) ?? { pk: "", sk: "" };
    await updateItem("cache", { pk, sk }, "REMOVE fingerprintVersion");
    expect(await again({ body: {} })).toBeInstanceOf(IdempotencyLease);
  });

  it("survives a first write whose answer was lost: the same request holds its own lease", async () => {
    let lost = false;
    tables().intercept = () => {
      if (lost) return undefined;
      lost = true;
      return { kind: "lose-answer" };
    };
    expect(await takeLease(request)).toBeInstanceOf(IdempotencyLease);
  });

  it("holds neither the answer nor the key in the clear", async () => {
    const key = `key-canary-${randomUUID()}`;
    await (await take({ key })).finish(answer);
    const rows = JSON.stringify(await scanTable(tables(), "cache"), (_, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    expect(rows).toContain("ciphertext");
    expect(rows).not.toContain(canary);
    expect(rows).not.toContain(key);
  });

  it("does not open an answer that was moved to another key's row, and does not make it again", async () => {
    await (await take()).finish(answer);
    await (await take({ key: "other" })).finish(answer);
    const rows = (await scanTable(tables(), "cache")).filter(({ pk }) => String(pk).includes(request.userId));
    expect(rows).toHaveLength(2);
    const [from, to] = rows;
    const { putItem } = await import("#core/db/table.ts");
    for (const [row, place] of [
      [from, to],
      [to, from],
    ]) {
      await putItem("cache", { ...row, pk: String(place?.pk), sk: String(place?.sk) } as Parameters<typeof putItem>[1]);
    }
    await expect(again()).rejects.toMatchObject({ code: "CONFLICT", details: { done: true } });
  });
});
