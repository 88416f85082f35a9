import { beforeEach, describe, expect, it } from "vitest";
import { forgetDataKeys } from "#core/encryption/data-key.ts";
import { Browser } from "#tests/accounts/support/gateway.ts";
import { kmsKeyId, kmsOperation } from "#tests/accounts/support/stand-ins.ts";
import type { Caller } from "#tests/core/support/chat-gateway.ts";
import { type Answer, muteLog } from "#tests/core/support/lambda.ts";
import type { Fault } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { errorOf, expectBooked, mend, useFaultyGateway } from "./support/gateway.ts";

muteLog();

const uncached = { "X-Cache": "no-cache" };
const ok = { status: "ok", inputTokens: 10, outputTokens: 5 };
const storedKey = "sk-of-the-caller-0000";
const model = "gpt-4o-mini";

const exception = (type: string, status = 400): Fault => ({
  kind: "answer",
  status,
  body: JSON.stringify({ __type: type, message: `refused for ${storedKey}` }),
});

/** Denied and disabled are ours to mend, so they are a 500 and raise its alarm; the rest may pass. */
const faults = [
  ["denying us", exception("AccessDeniedException"), 500, "INTERNAL_ERROR"],
  ["throttled", exception("ThrottlingException"), 503, "SERVICE_UNAVAILABLE"],
  ["failing inside", exception("KMSInternalException", 500), 503, "SERVICE_UNAVAILABLE"],
  ["unreachable", { kind: "reset" }, 503, "SERVICE_UNAVAILABLE"],
  ["holding a disabled key", "disabled", 500, "INTERNAL_ERROR"],
] as const satisfies readonly (readonly [string, Fault | "disabled", number, string])[];

interface Account extends Caller {
  readonly browser: Browser;
}

describe.skipIf(!hasTables)(`faults of KMS (${tablesName})`, () => {
  const gateway = useFaultyGateway();
  let account: Account;
  beforeEach(async () => {
    const { userId, ...user } = await gateway().createUser();
    const browser = await new Browser().signIn(user);
    const { key, keyId } = (await browser.post("/api/v1/keys", { name: "Chat" })).data<{
      key: string;
      keyId: string;
    }>();
    account = { userId, browser, key, keyId };
  });

  const ask = (body: object = {}, headers: Readonly<Record<string, string>> = uncached): Promise<Answer> =>
    gateway().ask(account, { model, ...body }, headers);
  const store = (slug = "main") =>
    account.browser.post("/api/v1/provider-keys", {
      provider: "openai",
      slug,
      displayName: "Main",
      apiKey: storedKey,
    });
  /** Breaks KMS; the promise mends it. */
  const breakKms = async (fault: Fault | "disabled"): Promise<() => Promise<void>> => {
    const { kms } = gateway();
    if (fault === "disabled") await kmsOperation(kms, "DisableKey", { KeyId: kmsKeyId });
    else kms.intercept = () => fault;
    return async () => {
      mend(gateway());
      if (fault === "disabled") await kmsOperation(kms, "EnableKey", { KeyId: kmsKeyId });
    };
  };

  describe.each(faults)("while it is %s", (_, fault, status, code) => {
    it("a chat with a stored provider key asks nobody, and never with the platform's key instead; the next one works", async () => {
      expect((await store()).status).toBe(201);
      forgetDataKeys();
      const mendKms = await breakKms(fault);
      for (const stream of [false, true]) {
        const answer = await ask({ stream });
        expect({ status: answer.status, code: errorOf(answer).code }).toEqual({ status, code });
        expect(answer.text).not.toContain(storedKey);
        if (status === 503) expect(answer.headers["retry-after"]).toBe("5");
      }
      expect(gateway().asked).toBe(0);
      await mendKms();
      expect((await ask()).status).toBe(200);
      expect(gateway().provider.requests.at(-1)?.headers.authorization).toBe(`Bearer ${storedKey}`);
      const failed = { status: "error", code, costPicoUsd: 0n };
      await expectBooked(account, [failed, failed, { ...ok, byok: true }]);
    });

    it("a provider key is not stored, takes no slug, and is stored once it is well", async () => {
      const mendKms = await breakKms(fault);
      const reply = await store();
      expect({ status: reply.status, code: reply.error().code }).toEqual({ status, code });
      expect(reply.text).not.toContain(storedKey);
      expect((await account.browser.get("/api/v1/provider-keys")).data<readonly unknown[]>()).toEqual([]);
      await mendKms();
      expect((await store()).status).toBe(201);
    });

    it("answers come all the same: not kept in the cache, and not made twice under an Idempotency-Key", async () => {
      const mendKms = await breakKms(fault);
      const headers = { "Idempotency-Key": `key-${status}-${code}` };
      for (const stream of [false, true]) {
        expect((await ask({ stream, seed: 1 }, {})).headers["x-cache"]).toBe("MISS");
      }
      expect((await ask({}, { ...uncached, ...headers })).status).toBe(200);
      const again = await ask({}, { ...uncached, ...headers });
      expect({ code: errorOf(again).code, details: again.json().error.details }).toMatchObject({
        code: "CONFLICT",
        details: { done: true },
      });
      await mendKms();
      expect((await ask({ seed: 1 }, {})).headers["x-cache"]).toBe("MISS");
      await expectBooked(account, [ok, ok, ok, ok]);
      expect(gateway().asked).toBe(4);
    });
  });

  it("silent, it is a 503 after three tries of 1.5 s, and a key opened before serves on", async () => {
    expect((await store()).status).toBe(201);
    expect((await ask()).status).toBe(200);
    gateway().kms.intercept = () => ({ kind: "hang" });
    // The data key of a stored key is kept for five minutes.
    expect((await ask()).status).toBe(200);
    forgetDataKeys();
    const [answer, streamed, reply] = await Promise.all([ask(), ask({ stream: true }), store("other")]);
    for (const { status, text } of [answer, streamed, reply]) {
      expect({ status, text }).toMatchObject({ status: 503, text: expect.stringContaining("SERVICE_UNAVAILABLE") });
    }
    mend(gateway());
    expect((await ask()).status).toBe(200);
    const failed = { status: "error", code: "SERVICE_UNAVAILABLE", costPicoUsd: 0n };
    await expectBooked(account, [{ ...ok, byok: true }, { ...ok, byok: true }, failed, failed, { ...ok, byok: true }]);
  });
});
