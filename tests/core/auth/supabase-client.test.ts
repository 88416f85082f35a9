import { describe, expect, it, vi } from "vitest";
import { requestClient } from "#core/auth/supabase-client.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { sessionCookie, useScriptedSupabase } from "./scripted-supabase.ts";

const supabase = useScriptedSupabase();
const request = { cookieHeader: undefined, cookiePath: "/prod/", secure: true };
const clientWith = (cookieHeader: string | undefined) => requestClient({ ...request, cookieHeader });
const account = { email: "ada@example.com", password: "a good password" };

/** A session that is due: the library refreshes it before anything else. */
const expired = () => ({ ...supabase().session(), expires_at: Math.floor(Date.now() / 1_000) - 10 });

// The library writes each failed refresh to the console.
captureLog();

describe("the cookies of a session", () => {
  const cookieForm = /^sb-127-auth-token=base64-[\w-]+; Path=\/prod\/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax$/;

  it("are HttpOnly, Secure, SameSite=Lax and under the stage's prefix", async () => {
    const client = requestClient(request);
    expect(client.setCookies()).toEqual([]);
    await client.supabase.auth.signInWithPassword(account);
    expect(client.setCookies()).toEqual([expect.stringMatching(cookieForm)]);
  });

  it("are the same without Secure on a developer's own machine", async () => {
    const client = requestClient({ ...request, cookiePath: "/", secure: false });
    await client.supabase.auth.signInWithPassword(account);
    expect(client.setCookies()).toEqual([
      expect.stringMatching(/^sb-127-auth-token=base64-[\w-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/),
    ]);
  });

  it("hold tokens only, nothing of the user's profile", async () => {
    const client = requestClient(request);
    await client.supabase.auth.signInWithPassword(account);
    const value = /base64-([\w-]+)/.exec(client.setCookies()[0] ?? "")?.[1] ?? "";
    const kept = JSON.parse(Buffer.from(value, "base64url").toString()) as Record<string, unknown>;
    expect(kept).toHaveProperty("refresh_token");
    expect(kept).not.toHaveProperty("user");
  });

  it("end at once when the session does", async () => {
    const client = clientWith(sessionCookie(supabase().session()));
    await client.supabase.auth.signOut({ scope: "local" });
    expect(client.setCookies()).toEqual(["sb-127-auth-token=; Path=/prod/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"]);
  });
});

describe("a request's cookies", () => {
  const readsSession = async (wrap: (cookie: string) => string | undefined) => {
    const session = supabase().session();
    const { data } = await clientWith(wrap(sessionCookie(session))).supabase.auth.getSession();
    return data.session?.access_token === session.access_token;
  };

  it.each<[string, (cookie: string) => string]>([
    ["alone", (cookie) => cookie],
    ["first", (cookie) => `${cookie}; theme=dark`],
    ["last, after several spaces", (cookie) => `theme=dark;   ${cookie}`],
    ["without any space", (cookie) => `a=1;${cookie};b=2`],
    ["with space around its parts", (cookie) => `a=1; ${cookie.replace("=", " = ")} ; b=2`],
    ["beside what is no cookie", (cookie) => `;; =nobody; flag; ${cookie}; a=b=c; =`],
  ])("give the session where its cookie stands %s", async (_name, wrap) => {
    expect(await readsSession(wrap)).toBe(true);
  });

  it("give none where there is none", async () => {
    expect(await readsSession(() => undefined)).toBe(false);
    expect(await readsSession(() => "theme=dark")).toBe(false);
  });

  it("are read once: after a refresh the request goes on with the new session, not with what was sent", async () => {
    const client = clientWith(sessionCookie(expired()));
    const first = await client.supabase.auth.getSession();
    const second = await client.supabase.auth.getSession();
    expect(second.data.session?.access_token).toBe(first.data.session?.access_token);
    expect(supabase().paths()).toHaveLength(1);
    expect(client.setCookies()).toHaveLength(1);
  });
});

describe("a refresh", () => {
  it.each([
    ["resets the connection", { kind: "reset" }],
    ["answers 500", { kind: "answer", status: 500, body: "{}" }],
    ["answers 503", { kind: "answer", status: 503, body: "<html>" }],
    ["answers 429", { kind: "answer", status: 429, body: "{}" }],
  ] as const)("that Supabase %s is tried once and ends no session", async (_name, fault) => {
    supabase().answers = { "grant_type=refresh_token": fault };
    const client = clientWith(sessionCookie(expired()));
    const { error } = await client.supabase.auth.getClaims();
    expect(error).toMatchObject({ status: 599, message: "Supabase is unavailable" });
    expect(supabase().paths()).toEqual(["/auth/v1/token?grant_type=refresh_token"]);
    expect(client.setCookies()).toEqual([]);
  });

  it("that Supabase refuses ends the session", async () => {
    const body = JSON.stringify({ code: 400, error_code: "refresh_token_not_found", msg: "Invalid Refresh Token" });
    supabase().answers = { "grant_type=refresh_token": { kind: "answer", status: 400, body } };
    const client = clientWith(sessionCookie(expired()));
    const { error } = await client.supabase.auth.getClaims();
    expect(error).toMatchObject({ status: 400 });
    expect(client.setCookies()).toEqual([expect.stringContaining("Max-Age=0")]);
  });

  it("that works sets the new session, also when another call then fails", async () => {
    supabase().answers = { "/user": { kind: "answer", status: 500, body: "{}" } };
    const client = clientWith(sessionCookie(expired()));
    const { error } = await client.supabase.auth.getUser();
    expect(error).not.toBeNull();
    expect(client.setCookies()).toEqual([expect.stringMatching(/Max-Age=[1-9]/)]);
  });
});

describe("a call to Supabase", () => {
  it("gets the library's own retries and answers unless it is a refresh", async () => {
    const body = JSON.stringify({ code: 500, msg: "down" });
    supabase().answers = { "grant_type=password": { kind: "answer", status: 500, body } };
    const { error } = await requestClient(request).supabase.auth.signInWithPassword(account);
    expect(error).toMatchObject({ status: 500 });
  });

  it.each(["grant_type=password", "grant_type=refresh_token"])("has five seconds: %s", async (call) => {
    supabase().answers = { [call]: { kind: "hang" } };
    const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(AbortSignal.abort(new Error("Time is over")));
    const client = call.endsWith("password") ? requestClient(request) : clientWith(sessionCookie(expired()));
    const { error } = call.endsWith("password")
      ? await client.supabase.auth.signInWithPassword(account)
      : await client.supabase.auth.getClaims();
    expect(error).not.toBeNull();
    expect(timeout).toHaveBeenCalledExactlyOnceWith(5_000);
  });

  it("carries our anon key and what the library sends", async () => {
    await requestClient(request).supabase.auth.signInWithPassword(account);
    const [sent] = supabase().relay.requests;
    expect(sent).toMatchObject({ method: "POST", headers: { apikey: "anon-key" } });
    expect(JSON.parse(sent?.body ?? "")).toMatchObject(account);
  });
});
