import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { forgetAdmittedUsers } from "#core/auth/admitted-users.ts";
import { config } from "#core/config.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { Browser, type HttpReply } from "./support/gateway.ts";
import { captureLog } from "./support/log.ts";
import { useStandIns } from "./support/stand-ins.ts";
import { putSession, sessionOf } from "./support/tokens.ts";

type Policy = ReturnType<typeof config.signUpPolicy>;

/** The policy changes with a deploy, whose functions remember nobody. */
const deploy = (
  policy: Policy,
  { domains = ["test.local"], closedAtMs = undefined as number | undefined } = {},
): void => {
  forgetAdmittedUsers();
  vi.spyOn(config, "signUpPolicy").mockReturnValue(policy);
  vi.spyOn(config, "signUpDomains").mockReturnValue(domains);
  vi.spyOn(config, "signUpClosedAtMs").mockReturnValue(closedAtMs);
};

describe.skipIf(!hasTables)(`the sign-up policy and sessions (${tablesName})`, () => {
  const standIns = useStandIns();
  captureLog();
  beforeEach(() => deploy("open"));
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  const session = (browser: Browser): Promise<HttpReply> => browser.get("/api/auth/session");
  const expectRefused = async (browser: Browser): Promise<void> => {
    const replies = [await session(browser.clone()), await browser.clone().post("/api/v1/keys", { name: "Free" })];
    for (const reply of replies) expect(reply.error().code).toBe("FORBIDDEN");
    // The refusal ends the session, so that somebody else may sign in.
    await session(browser);
    forgetAdmittedUsers();
    expect((await session(browser)).status).toBe(401);
  };
  const signUp = async (address = `${randomUUID()}@elsewhere.example`) => {
    const browser = new Browser();
    const reply = await browser.post("/api/auth/sign-up", { email: address, password: "a good password" });
    expect(reply.status, reply.text).toBe(200);
    return { browser, email: address };
  };
  /** Tokens by Supabase's own endpoint, which needs no key: the gateway has no part in it. */
  const implicitTokens = async (provider = "github"): Promise<object> => {
    const { url } = standIns().supabase.server;
    const response = await fetch(
      `${url}/auth/v1/authorize?provider=${provider}&login_hint=${randomUUID()}@evil.example`,
      {
        redirect: "manual",
      },
    );
    const fragment = new URLSearchParams(new URL(response.headers.get("location") ?? "").hash.slice(1));
    return {
      access_token: fragment.get("access_token"),
      refresh_token: fragment.get("refresh_token"),
      expires_at: Number(fragment.get("expires_at")),
      expires_in: 3_600,
      token_type: "bearer",
    };
  };
  const withTokens = async (tokens: object): Promise<Browser> => {
    const browser = await new Browser().signIn(await standIns().createUser());
    putSession(browser, tokens);
    return browser;
  };

  it.each<Policy>(["domains", "closed"])("refuses tokens of the implicit flow, under %s", async (policy) => {
    const browser = await withTokens(await implicitTokens());
    deploy(policy, { closedAtMs: Date.now() - 60_000 });
    await expectRefused(browser);
  });

  it("refuses an account made past the gateway on a closed stage also when it has grown old", async () => {
    const tokens = await implicitTokens();
    const browser = await withTokens(tokens);
    deploy("closed", { closedAtMs: Date.now() - 60_000 });
    vi.setSystemTime(Date.now() + 30 * 60_000);
    await expectRefused(browser);
  });

  it.each<Policy>(["domains", "closed"])("refuses a user from before the policy was %s", async (policy) => {
    const { browser } = await signUp();
    expect((await session(browser)).status).toBe(200);
    deploy(policy);
    await expectRefused(browser);
  });

  it.each<Policy>(["domains", "closed"])("refuses a session that is refreshed, under %s", async (policy) => {
    const { browser } = await signUp();
    const before = sessionOf(browser).access_token;
    deploy(policy);
    vi.setSystemTime(Date.now() + 3_590_000);
    const reply = await session(browser);
    expect(reply.error().code).toBe("FORBIDDEN");
    expect(JSON.stringify([...browser.cookies])).not.toContain(before);
    expect((await session(browser)).status).toBe(401);
  });

  it.each<Policy>(["domains", "closed"])("refuses a password, and sets no session, under %s", async (policy) => {
    const { email } = await signUp();
    deploy(policy);
    const browser = new Browser();
    const reply = await browser.post("/api/auth/sign-in", { email, password: "a good password" });
    expect(reply.error().code).toBe("FORBIDDEN");
    expect(browser.cookies.size).toBe(0);
  });

  it("lets in a confirmed address of a listed domain, with and after a refresh", async () => {
    const browser = await new Browser().signIn(await standIns().createUser());
    deploy("domains");
    expect((await session(browser)).status).toBe(200);
    expect((await browser.post("/api/v1/keys", { name: "Main" })).status).toBe(201);
    vi.setSystemTime(Date.now() + 3_590_000);
    expect((await session(browser)).status).toBe(200);
  });

  it("lets in accounts from before a stage was closed, and none from after", async () => {
    const before = await new Browser().signIn(await standIns().createUser());
    const closedAtMs = Date.now() + 3_600_000;
    vi.setSystemTime(closedAtMs + 60_000);
    const after = await standIns().createUser();
    deploy("closed", { closedAtMs });
    expect((await session(before)).status).toBe(200);
    const { email, password } = after;
    expect((await new Browser().post("/api/auth/sign-in", { email, password })).error().code).toBe("FORBIDDEN");
  });

  it.each<Policy>(["domains", "closed"])("lets in whom an operator admitted, under %s", async (policy) => {
    const account = { email: `${randomUUID()}@elsewhere.example`, password: "a good password" };
    await standIns().supabase.server.addUser({ ...account, appMetadata: { admitted: true } });
    deploy(policy);
    expect((await session(await new Browser().signIn(account))).status).toBe(200);
  });

  it.each<Policy>(["domains", "closed"])("admits nobody who says of himself that he is, under %s", async (policy) => {
    const account = { email: `${randomUUID()}@elsewhere.example`, password: "a good password" };
    await standIns().supabase.server.addUser({
      ...account,
      userMetadata: { admitted: true, invited_at: "2026-01-01" },
    });
    deploy(policy);
    expect((await new Browser().post("/api/auth/sign-in", account)).error().code).toBe("FORBIDDEN");
  });
});
