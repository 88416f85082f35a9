import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { continueDeletions } from "#core/accounts/delete-account.ts";
import { moveDeletion, putDeletion } from "#core/db/account-deletions.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { type LocalSupabaseAuth, startSupabaseAuth } from "#infra/local/supabase/server.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { type Relay, startRelay } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

muteLog();
const nowMs = Date.UTC(2026, 10, 29, 12);
const hourMs = 3_600_000;
const forever = new AbortController().signal;
const [anonKey, serviceRoleKey] = ["anon-key", "service-role-key"];

const longMs = 120_000;

describe.skipIf(!hasTables)(`a stage that may delete users in Supabase (${tablesName})`, { timeout: longMs }, () => {
  useTables();
  let unkey: Relay;
  let auth: LocalSupabaseAuth;
  /** Passes everything on to the stand-in, unless a test says otherwise. */
  let supabase: Relay;
  beforeAll(async () => {
    unkey = await startRelay();
    unkey.intercept = () => ({
      kind: "answer",
      status: 200,
      body: JSON.stringify({ meta: { requestId: "r" }, data: [], pagination: { hasMore: false } }),
    });
    auth = await startSupabaseAuth({ anonKey, serviceRoleKey, siteUrl: "http://localhost:8787" });
    supabase = await startRelay(auth.url);
    process.env.UNKEY_URL = unkey.url;
    process.env.UNKEY_API_ID = "api_1";
    process.env.SST_RESOURCE_UnkeyRootKey = JSON.stringify({ value: "unkey_root" });
    process.env.SUPABASE_URL = supabase.url;
    process.env.SST_RESOURCE_SupabaseServiceRoleKey = JSON.stringify({ value: serviceRoleKey });
  });
  afterAll(async () => {
    await Promise.all([unkey.close(), supabase.close()]);
    await auth.close();
  });

  const headers = { "content-type": "application/json", apikey: anonKey, authorization: `Bearer ${serviceRoleKey}` };
  const createUser = async (): Promise<string> => {
    const reply = await fetch(`${auth.url}/auth/v1/admin/users`, {
      method: "POST",
      headers,
      body: JSON.stringify({ email: `${randomUUID()}@example.com`, email_confirm: true }),
    });
    return ((await reply.json()) as { id: string }).id;
  };
  const exists = async (userId: string): Promise<boolean> =>
    (await fetch(`${auth.url}/auth/v1/admin/users/${userId}`, { headers })).status === 200;
  /** An account whose first pass is over. */
  const beLast = async (userId: string): Promise<void> => {
    await putDeletion(userId, nowMs);
    await moveDeletion({ userId, pass: "first", dueAt: rowKeys.sortableMs(nowMs) }, "last", nowMs + 25 * hourMs);
  };
  const deletion = (userId: string) => getItem("jobs", rowKeys.accountDeletion(userId), { consistent: true });

  it("deletes the user with the last pass, not before: whoever signs up again would have a fresh cap", async () => {
    const userId = await createUser();
    await putDeletion(userId, nowMs);
    await continueDeletions(forever, nowMs);
    expect([await exists(userId), (await deletion(userId))?.pass]).toEqual([true, "last"]);
    await continueDeletions(forever, nowMs + 25 * hourMs);
    expect([await exists(userId), await deletion(userId)]).toEqual([false, undefined]);
  });

  it("is not held up by a user who is gone, or was never there", async () => {
    for (const userId of [randomUUID(), `user_${randomUUID()}`]) {
      await beLast(userId);
      await continueDeletions(forever, nowMs + 25 * hourMs);
      expect([userId, await deletion(userId)]).toEqual([userId, undefined]);
    }
  });

  it.each<[string, Relay["intercept"]]>([
    ["fails", () => ({ kind: "answer", status: 500, body: "{}" })],
    ["refuses the key", () => ({ kind: "answer", status: 403, body: JSON.stringify({ code: "bad_jwt", msg: "no" }) })],
    ["gives no answer", () => ({ kind: "reset" })],
  ])("tries again when Supabase %s, and tells the log no key", async (_name, intercept) => {
    const userId = await createUser();
    await beLast(userId);
    supabase.intercept = intercept;
    const failed = await continueDeletions(forever, nowMs + 25 * hourMs).catch((error: Error) => error);
    supabase.reset();
    expect(failed).toMatchObject({ name: "SupabaseRefused" });
    expect(String(failed)).not.toContain(serviceRoleKey);
    expect((await deletion(userId))?.pass).toBe("last");
    await continueDeletions(forever, nowMs + 26 * hourMs);
    expect([await exists(userId), await deletion(userId)]).toEqual([false, undefined]);
  });
});
