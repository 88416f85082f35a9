import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { forgetAdmittedUsers } from "#core/auth/admitted-users.ts";
import { config } from "#core/config.ts";
import { mailTypes } from "#core/schemas/auth.ts";
import { templateLink } from "#infra/local/supabase/mail-template.ts";
import { Browser, type HttpReply } from "#tests/accounts/support/gateway.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { useStandIns } from "#tests/accounts/support/stand-ins.ts";
import { putSession } from "#tests/accounts/support/tokens.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { nowhere, type SampledOperation, sampledOperations } from "./support/samples.ts";

/** Getting in as somebody else, or at all: over every route that a session opens or that lets somebody in. */

const named = (wanted: (operation: SampledOperation) => boolean) =>
  sampledOperations.filter(wanted).map((operation) => [operation.name, operation] as const);

describe.skipIf(!hasTables)(`the doors (${tablesName})`, () => {
  const standIns = useStandIns({ mailLink: templateLink });
  captureLog();
  beforeEach(() => forgetAdmittedUsers());
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  const send = (browser: Browser, { method, sample }: SampledOperation): Promise<HttpReply> =>
    browser.send({ method, ...sample(nowhere) });

  /** An account and tokens by Supabase's own open endpoint, with no part of the gateway. */
  const intruder = async (): Promise<Browser> => {
    const { url } = standIns().supabase.server;
    const hint = `${randomUUID()}@evil.example`;
    const response = await fetch(`${url}/auth/v1/authorize?provider=github&login_hint=${hint}`, { redirect: "manual" });
    const fragment = new URLSearchParams(new URL(response.headers.get("location") ?? "").hash.slice(1));
    const browser = await new Browser().signIn(await standIns().createUser());
    putSession(browser, {
      access_token: fragment.get("access_token"),
      refresh_token: fragment.get("refresh_token"),
      expires_at: Number(fragment.get("expires_at")),
      expires_in: 3_600,
      token_type: "bearer",
    });
    return browser;
  };

  describe.each(["domains", "closed"] as const)("under the policy %s", (policy) => {
    const bySession = named(({ route: { auth } }) => auth === "session" || auth === "key-or-session");
    it.each(bySession)("%s serves nobody whom the policy does not let in", async (_, operation) => {
      const browser = await intruder();
      vi.spyOn(config, "signUpPolicy").mockReturnValue(policy);
      vi.spyOn(config, "signUpDomains").mockReturnValue(["test.local"]);
      vi.spyOn(config, "signUpClosedAtMs").mockReturnValue(Date.now() - 60_000);
      const reply = await send(browser, operation);
      expect(reply.error().code).toBe("FORBIDDEN");
      expect(reply.error().message).toContain("sign-up is restricted");
    });
  });

  const sessionCookies = ({ setCookies }: HttpReply): readonly string[] =>
    setCookies.filter((cookie) => /^sb-[^=]*-auth-token(\.\d+)?=[^;]/.test(cookie));

  it.each(mailTypes)("no link of the kind %s signs a visitor in by GET or HEAD, nor is it used up", async (type) => {
    const user = await standIns().createUser();
    await new Browser().post("/api/auth/magic-link", { email: user.email });
    await new Browser().post("/api/auth/reset-password", { email: user.email });
    const { tokenHash = "" } = standIns().supabase.server.outbox.findLast(({ to }) => to === user.email) ?? {};
    const query = new URLSearchParams({ token_hash: tokenHash, type, email: user.email });
    const victim = await new Browser().signIn(await standIns().createUser());
    const before = victim.cookieHeader;
    for (const visitor of [new Browser(), victim]) {
      for (const method of ["GET", "HEAD"]) {
        const reply = await visitor.send({ method, path: `/api/auth/callback?${query}` });
        expect(sessionCookies(reply)).toEqual([]);
      }
    }
    expect(victim.cookieHeader).toBe(before);
    const owner = new Browser();
    const body = { tokenHash, type: "recovery", email: user.email };
    expect((await owner.post("/api/auth/callback", body)).status).toBe(200);
  });

  const counted = named(({ route: { limit } }) => limit?.scope === "address");
  it.each(counted)("%s counts the addresses of an IPv6 /64 as one", async (_, operation) => {
    vi.setSystemTime(Math.ceil(Date.now() / 60_000) * 60_000 + 1_000);
    const network = `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}`;
    const left = async (sourceIp: string): Promise<number> => {
      const reply = await send(new Browser({ sourceIp }), operation);
      return Number(reply.headers["x-ratelimit-remaining"]);
    };
    const first = await left(`${network}::1`);
    expect(await left(`${network}:ffff:ffff:ffff:ffff`)).toBe(first - 1);
  });
});
