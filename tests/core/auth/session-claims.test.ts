import { describe, expect, it, vi } from "vitest";
import { readSession, rejectUnavailable } from "#core/auth/session-claims.ts";
import { requestClient } from "#core/auth/supabase-client.ts";
import { logger } from "#core/observability/logger.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { sessionCookie, userId, useScriptedSupabase } from "./scripted-supabase.ts";

const supabase = useScriptedSupabase();
// The library writes each failed refresh to the console.
captureLog();
const sessionWith = (change: object = {}) => {
  const session = supabase().session({ ...supabase().claims(), ...change });
  const request = { cookieHeader: sessionCookie(session), cookiePath: "/", secure: true };
  return readSession(requestClient(request).supabase);
};
const nobody = { code: "UNAUTHORIZED", status: 401, message: "Sign in to the dashboard first." };
const outOfReach = { code: "SERVICE_UNAVAILABLE", status: 503, retryAfterSeconds: 5 };
const answer = (status: number, body: object) => ({ kind: "answer" as const, status, body: JSON.stringify(body) });

describe("readSession", () => {
  it("knows the user, the session and the address of a token that Supabase signed, without asking Supabase", async () => {
    expect(await sessionWith()).toMatchObject({
      kind: "session",
      userId,
      email: "ada@example.com",
      sessionId: "session-1",
    });
    expect(supabase().paths()).toEqual([]);
  });

  it("takes a user without an address, and one that says not to be anonymous", async () => {
    expect((await sessionWith({ email: undefined, is_anonymous: false })).email).toBeUndefined();
  });

  it("takes a token that is for others beside us", async () => {
    await expect(sessionWith({ aud: ["other", "authenticated"] })).resolves.toMatchObject({ userId });
  });

  it.each<[string, object]>([
    ["another issuer", { iss: "https://evil.example/auth/v1" }],
    ["the project itself as its issuer", { iss: "" }],
    ["another audience", { aud: "other" }],
    ["an audience that only contains ours", { aud: "not-authenticated-at-all" }],
    ["other audiences", { aud: ["other"] }],
    ["no audience", { aud: [] }],
    ["another role", { role: "service_role" }],
    ["an empty role", { role: "" }],
    ["an anonymous user", { is_anonymous: true }],
    ["an empty user", { sub: "" }],
    ["no user", { sub: undefined }],
    ["an empty session", { session_id: "" }],
    ["an expiry in text", { exp: "tomorrow" }],
    ["an address that is no text", { email: 7 }],
  ])("refuses a token of Supabase's with %s", async (_name, change) => {
    await expect(sessionWith(change)).rejects.toMatchObject(nobody);
  });

  it("refuses a request without a session", async () => {
    const { supabase: client } = requestClient({ cookieHeader: undefined, cookiePath: "/", secure: true });
    await expect(readSession(client)).rejects.toMatchObject(nobody);
  });

  it("refuses a token that cannot be read, and logs of which kind the trouble was, nothing of the token", async () => {
    const warn = vi.spyOn(logger, "warn").mockImplementation(() => undefined);
    const session = { ...supabase().session(), access_token: `e30.${Buffer.from("{").toString("base64url")}.c2ln` };
    const request = { cookieHeader: sessionCookie(session), cookiePath: "/", secure: true };
    await expect(readSession(requestClient(request).supabase)).rejects.toMatchObject(nobody);
    expect(warn.mock.calls).toEqual([["A session token could not be read", { reason: "SyntaxError" }]]);
  });

  it("is a 503, not a 401, when a refresh that is due gets no answer", async () => {
    supabase().answers = { "grant_type=refresh_token": answer(500, {}) };
    const session = { ...supabase().session(), expires_at: Math.floor(Date.now() / 1_000) - 10 };
    const request = { cookieHeader: sessionCookie(session), cookiePath: "/", secure: true };
    await expect(readSession(requestClient(request).supabase)).rejects.toMatchObject(outOfReach);
  });

  it("is a 401 when a refresh that is due is refused", async () => {
    const refusal = { code: 400, error_code: "refresh_token_not_found", msg: "Invalid Refresh Token" };
    supabase().answers = { "grant_type=refresh_token": answer(400, refusal) };
    const session = { ...supabase().session(), expires_at: Math.floor(Date.now() / 1_000) - 10 };
    const request = { cookieHeader: sessionCookie(session), cookiePath: "/", secure: true };
    await expect(readSession(requestClient(request).supabase)).rejects.toMatchObject(nobody);
  });
});

describe("confirm", () => {
  it("asks Supabase, once, whether the session still exists", async () => {
    const session = await sessionWith();
    await expect(session.confirm()).resolves.toBeUndefined();
    expect(supabase().paths()).toEqual(["/auth/v1/user"]);
  });

  it.each([
    ["was signed out", answer(403, { code: 403, error_code: "session_not_found", msg: "gone" })],
    ["is another user's", answer(200, { id: "user-2" })],
    ["is nobody's", answer(200, {})],
  ])("refuses a session that %s", async (_name, reply) => {
    const session = await sessionWith();
    supabase().answers = { "/user": reply };
    await expect(session.confirm()).rejects.toMatchObject(nobody);
  });

  it.each([500, 503, 429])("is a 503 while Supabase answers %d: nobody can say", async (status) => {
    const session = await sessionWith();
    supabase().answers = { "/user": answer(status, { code: status, msg: "later" }) };
    await expect(session.confirm()).rejects.toMatchObject(outOfReach);
  });
});

describe("rejectUnavailable", () => {
  it.each([
    { name: "AuthRetryableFetchError", status: 0 },
    { name: "AuthRetryableFetchError" },
    { name: "AuthUnknownError" },
    { name: "AuthApiError", status: 429 },
    { name: "AuthApiError", status: 500 },
    { name: "AuthApiError", status: 599 },
  ])("is a 503 that says when to come back for %j", (error) => {
    expect(() => rejectUnavailable(error)).toThrow(expect.objectContaining(outOfReach));
    expect(() => rejectUnavailable(error)).toThrow("Sign-in is unavailable. Try again in a few seconds.");
  });

  it.each([null, {}, { name: "AuthSessionMissingError" }, { name: "AuthApiError", status: 499 }])(
    "leaves %j to the caller to judge",
    (error) => {
      expect(() => rejectUnavailable(error)).not.toThrow();
    },
  );
});
