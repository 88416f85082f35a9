import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { forgetAdmittedUsers } from "#core/auth/admitted-users.ts";
import { readSession } from "#core/auth/session-claims.ts";
import { mayUseStage, type PolicyUser } from "#core/auth/sign-up-policy.ts";
import { requestClient } from "#core/auth/supabase-client.ts";
import { config } from "#core/config.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { sessionCookie, useScriptedSupabase } from "./scripted-supabase.ts";

const supabase = useScriptedSupabase();
captureLog();
beforeEach(() => {
  forgetAdmittedUsers();
  vi.spyOn(config, "signUpPolicy").mockReturnValue("domains");
  vi.spyOn(config, "signUpDomains").mockReturnValue(["example.com"]);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const read = (userId: string) => {
  const session = supabase().session({ ...supabase().claims(), sub: userId });
  return readSession(requestClient({ cookieHeader: sessionCookie(session), cookiePath: "/", secure: true }).supabase);
};
const userIs = (user: object): void => {
  const answer = { kind: "answer" as const, status: 200, body: JSON.stringify({ app_metadata: {}, ...user }) };
  supabase().answers = { "/user": answer };
};
const confirmed = { email: "ada@example.com", email_confirmed_at: "2026-01-01T00:00:00Z" };
const asked = (): number =>
  supabase()
    .paths()
    .filter((path) => path.endsWith("/user")).length;

describe("whether a user may use the stage", () => {
  it("is asked of Supabase once in five minutes for a user who may", async () => {
    userIs({ id: "ada", ...confirmed });
    for (let index = 0; index < 3; index++) await read("ada");
    expect(asked()).toBe(1);
    vi.setSystemTime(Date.now() + 300_001);
    await read("ada");
    expect(asked()).toBe(2);
  });

  it("is asked again after a minute for one who may not, so that an operator can let the user in", async () => {
    userIs({ id: "eve", email: "eve@evil.example", email_confirmed_at: "2026-01-01T00:00:00Z" });
    for (let index = 0; index < 3; index++) await expect(read("eve")).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(asked()).toBe(1);
    userIs({ id: "eve", email: "eve@evil.example", app_metadata: { admitted: true } });
    vi.setSystemTime(Date.now() + 60_001);
    expect(await read("eve")).toMatchObject({ userId: "eve" });
  });

  it("is remembered for a bounded number of users, the oldest of whom is asked about again", async () => {
    for (const id of ["first", "second"]) {
      userIs({ id, ...confirmed });
      await read(id);
    }
    const { requireAdmitted } = await import("#core/auth/admitted-users.ts");
    const { supabase: client } = requestClient({ cookieHeader: undefined, cookiePath: "/", secure: true });
    for (let index = 0; index < 4_999; index++) {
      await requireAdmitted(client, { id: `user-${index}`, app_metadata: {}, ...confirmed } as never);
    }
    await read("second");
    expect(asked()).toBe(2);
    userIs({ id: "first", ...confirmed });
    await read("first");
    expect(asked()).toBe(3);
  });

  it.each([
    ["403", { kind: "answer" as const, status: 403, body: '{"error_code":"session_not_found"}' }, "UNAUTHORIZED"],
    ["500", { kind: "answer" as const, status: 500, body: "{}" }, "SERVICE_UNAVAILABLE"],
  ])("lets nobody in when Supabase answers %s, and remembers nothing of it", async (_, fault, code) => {
    supabase().answers = { "/user": fault };
    await expect(read("ada")).rejects.toMatchObject({ code });
    userIs({ id: "ada", ...confirmed });
    expect(await read("ada")).toMatchObject({ userId: "ada" });
  });

  it("is about the session's own user", async () => {
    userIs({ id: "ada", ...confirmed });
    await expect(read("eve")).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });

  it("asks nothing of Supabase where sign-up is open", async () => {
    vi.spyOn(config, "signUpPolicy").mockReturnValue("open");
    await read("ada");
    expect(asked()).toBe(0);
  });
});

describe("mayUseStage", () => {
  const user: PolicyUser = { app_metadata: {}, created_at: "2026-06-01T00:00:00Z", ...confirmed };

  it("needs a confirmed address for a listed domain", () => {
    expect(mayUseStage(user)).toBe(true);
    expect(mayUseStage({ app_metadata: {}, created_at: user.created_at, email: "ada@example.com" })).toBe(false);
  });

  it.each(["ada@sub.example.com", "ada@example.com@evil.org", "ada@notexample.com", "ada@", ""])(
    "refuses %j",
    (email) => {
      expect(mayUseStage({ ...user, email })).toBe(false);
    },
  );

  it("lets in an account that was invited", () => {
    expect(mayUseStage({ ...user, email: "eve@evil.example", invited_at: "2026-01-01T00:00:00Z" })).toBe(true);
  });

  it.each([
    [undefined, false],
    [Date.parse("2026-06-02T00:00:00Z"), true],
    [Date.parse("2026-05-31T00:00:00Z"), false],
  ])("on a stage closed at %s decides by when the account was made", (closedAtMs, allowed) => {
    vi.spyOn(config, "signUpPolicy").mockReturnValue("closed");
    vi.spyOn(config, "signUpClosedAtMs").mockReturnValue(closedAtMs);
    expect(mayUseStage(user)).toBe(allowed);
  });

  it("lets nobody in on a closed stage for a date that is none", () => {
    vi.spyOn(config, "signUpPolicy").mockReturnValue("closed");
    vi.spyOn(config, "signUpClosedAtMs").mockReturnValue(Date.now());
    expect(mayUseStage({ ...user, created_at: "soon" })).toBe(false);
  });
});
