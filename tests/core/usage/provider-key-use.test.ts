import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { listProviderKeys, removeProviderKey } from "#core/db/provider-keys.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { forgetKeyUses, noteKeyUses } from "#core/usage/provider-key-use.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { useKms } from "#tests/accounts/support/stand-ins.ts";
import { canary, storedRow } from "#tests/core/provider-keys/rows.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

const at = Date.UTC(2026, 10, 22, 12);
const hour = 3_600_000;

describe.skipIf(!hasTables)(`the last use of provider keys (${tablesName})`, () => {
  const tables = useTables();
  useKms();
  const log = captureLog();
  let userId: string;
  let id: string;
  beforeEach(async () => {
    forgetKeyUses();
    userId = `user_${randomUUID()}`;
    ({ id } = await storedRow(canary(), userId));
    tables().reset();
  });
  const used = (startedAt: number, changes: Partial<UsageEvent> = {}): UsageEvent =>
    ({ userId, provider: "openai", providerKeyId: id, startedAt, status: "ok", ...changes }) as UsageEvent;
  const lastUse = async () => (await listProviderKeys(userId)).find((row) => row.id === id)?.lastUsedAt;
  const writes = () =>
    tables().requests.filter(({ headers }) => String(headers["x-amz-target"]).endsWith("UpdateItem"));

  it("is the newest of a batch, and costs one write an hour", async () => {
    await noteKeyUses([used(at + 5_000), used(at), used(at + 60_000), used(at + 59_000)]);
    expect(await lastUse()).toBe(new Date(at + 60_000).toISOString());
    await noteKeyUses([used(at + hour)]);
    expect(writes()).toHaveLength(1);
    await noteKeyUses([used(at + hour + 60_000)]);
    expect(await lastUse()).toBe(new Date(at + hour + 60_000).toISOString());
    expect(writes()).toHaveLength(2);
  });

  it("does not go back for an older event, also in another environment", async () => {
    await noteKeyUses([used(at)]);
    forgetKeyUses();
    await noteKeyUses([used(at - 2 * hour)]);
    expect(await lastUse()).toBe(new Date(at).toISOString());
  });

  it("is not noted without a key, and brings no removed key back", async () => {
    await noteKeyUses([used(at, { providerKeyId: undefined }), used(at, { provider: "exa" })]);
    expect(writes()).toHaveLength(0);
    await removeProviderKey(userId, id);
    await noteKeyUses([used(at)]);
    expect(await listProviderKeys(userId)).toEqual([]);
  });

  it("that cannot be written is logged, and fails nothing", async () => {
    tables().intercept = () => ({ kind: "answer", status: 400, body: '{"__type":"AccessDeniedException"}' });
    await noteKeyUses([used(at)]);
    expect(log.text()).toContain("could not be noted");
    tables().reset();
    await noteKeyUses([used(at)]);
    expect(await lastUse()).toBe(new Date(at).toISOString());
  });
});
