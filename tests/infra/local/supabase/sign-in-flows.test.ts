import { describe, expect, it } from "vitest";
import type { AuthMail } from "#infra/local/supabase/auth-context.ts";
import type { LocalSupabaseAuth } from "#infra/local/supabase/server.ts";
import { ada, CookieJar, call, connect, follow, serviceRoleKey, signIn, siteUrl, startAuth } from "./harness.ts";

const grace = { email: "grace@example.com", password: "another horse" };
const callbackUrl = `${siteUrl}callback`;

const lastMail = ({ outbox }: LocalSupabaseAuth): AuthMail => {
  const mail = outbox.at(-1);
  if (mail === undefined) throw new Error("No mail was sent");
  return mail;
};

const codeOf = (url: URL): string => url.searchParams.get("code") ?? "";

describe("signing up", () => {
  it("signs in at once where addresses need no confirmation", async () => {
    const client = connect(await startAuth());
    const { data, error } = await client.auth.signUp({ ...grace, options: { data: { theme: "dark" } } });
    expect(error).toBeNull();
    expect(data.session?.user.user_metadata).toMatchObject({ theme: "dark", email_verified: true });
    const again = await client.auth.signUp(grace);
    expect(again.error).toMatchObject({ status: 422, code: "user_already_exists" });
  });

  it("gives a user without a session until the mailed link was opened", async () => {
    const auth = await startAuth({ signUps: { confirmEmail: true } });
    const jar = new CookieJar();
    const { data } = await jar.client(auth).auth.signUp({ ...grace, options: { emailRedirectTo: callbackUrl } });
    expect(data).toMatchObject({ session: null, user: { email: grace.email } });
    expect(data.user?.email_confirmed_at).toBeUndefined();
    const tooEarly = await connect(auth).auth.signInWithPassword(grace);
    expect(tooEarly.error).toMatchObject({ status: 400, code: "email_not_confirmed" });

    expect(lastMail(auth)).toMatchObject({ to: grace.email, type: "signup", redirectTo: callbackUrl });
    const landing = await follow(lastMail(auth).link);
    expect(landing.href).toContain(callbackUrl);
    const exchanged = await jar.client(auth).auth.exchangeCodeForSession(codeOf(landing));
    expect(exchanged.data.session?.user.email).toBe(grace.email);
    expect((await signIn(connect(auth), grace)).user.email_confirmed_at).toEqual(expect.any(String));
  });

  it("does not tell by its answer that an address is taken, where addresses are confirmed", async () => {
    const auth = await startAuth({ signUps: { confirmEmail: true } });
    const client = connect(auth);
    const taken = await client.auth.signUp({ email: ada.email, password: grace.password });
    expect(taken.error).toBeNull();
    expect(taken.data).toMatchObject({ session: null, user: { email: ada.email, identities: [] } });
    expect(auth.outbox).toHaveLength(0);
    await expect(signIn(client)).resolves.toBeDefined();
  });

  it("refuses weak passwords, bad addresses and, where closed, everyone", async () => {
    const client = connect(await startAuth());
    const weak = await client.auth.signUp({ ...grace, password: "12345" });
    expect(weak.error).toMatchObject({ status: 422, code: "weak_password", reasons: ["length"] });
    const bad = await client.auth.signUp({ ...grace, email: "not an address" });
    expect(bad.error).toMatchObject({ status: 400, code: "validation_failed" });
    const closed = await connect(await startAuth({ signUps: { disabled: true } })).auth.signUp(grace);
    expect(closed.error).toMatchObject({ status: 422, code: "signup_disabled" });
  });

  it("sends a confirmation again, after which the first link is void", async () => {
    const auth = await startAuth({ signUps: { confirmEmail: true } });
    const client = connect(auth);
    await client.auth.signUp(grace);
    const first = lastMail(auth);
    await client.auth.resend({ type: "signup", email: grace.email });
    expect(auth.outbox).toHaveLength(2);
    expect((await follow(first.link)).hash).toContain("error_code=otp_expired");
    const verified = await client.auth.verifyOtp({ email: grace.email, token: lastMail(auth).code, type: "email" });
    expect(verified.data.session?.user.email).toBe(grace.email);
  });
});

describe("magic links", () => {
  it("sign in by PKCE through cookies, once", async () => {
    const auth = await startAuth();
    const jar = new CookieJar();
    const sent = await jar
      .client(auth)
      .auth.signInWithOtp({ email: ada.email, options: { emailRedirectTo: callbackUrl } });
    expect(sent.error).toBeNull();
    const { link } = lastMail(auth);
    const landing = await follow(link);
    const { data } = await jar.client(auth).auth.exchangeCodeForSession(codeOf(landing));
    expect(data.session?.user.email).toBe(ada.email);
    expect((await jar.client(auth).auth.getClaims()).data?.claims.amr).toMatchObject([{ method: "otp" }]);

    expect((await follow(link)).searchParams.get("error_code")).toBe("otp_expired");
    const reused = await call(auth, "POST /token?grant_type=pkce", {
      body: { auth_code: codeOf(landing), code_verifier: "a".repeat(43) },
    });
    expect(reused).toMatchObject({ status: 404, body: { error_code: "flow_state_not_found" } });
  });

  it("sign in by token hash and by code, without a redirect", async () => {
    const auth = await startAuth();
    const client = connect(auth);
    await client.auth.signInWithOtp({ email: ada.email });
    const byHash = await client.auth.verifyOtp({ token_hash: lastMail(auth).tokenHash, type: "magiclink" });
    expect(byHash.data.session?.user.email).toBe(ada.email);
    await client.auth.signInWithOtp({ email: ada.email });
    const { code } = lastMail(auth);
    const wrongCode = code === "000000" ? "000001" : "000000";
    const wrong = await client.auth.verifyOtp({ email: ada.email, token: wrongCode, type: "email" });
    expect(wrong.error).toMatchObject({ status: 403, code: "otp_expired" });
    const byCode = await client.auth.verifyOtp({ email: ada.email, token: code, type: "email" });
    expect(byCode.data.session?.user.email).toBe(ada.email);
  });

  it("carry tokens in the fragment in the implicit flow", async () => {
    const auth = await startAuth();
    await connect(auth).auth.signInWithOtp({ email: ada.email });
    const landing = await follow(lastMail(auth).link);
    const fragment = new URLSearchParams(landing.hash.slice(1));
    expect(landing.search).toBe("");
    const { data } = await connect(auth).auth.getUser(fragment.get("access_token") ?? "");
    expect(data.user?.email).toBe(ada.email);
  });

  it("create a user unless told not to, and expire after an hour", async () => {
    let now = Date.now();
    const auth = await startAuth({ now: () => now });
    const client = connect(auth);
    const options = { shouldCreateUser: false };
    const refused = await client.auth.signInWithOtp({ email: grace.email, options });
    expect(refused.error).toMatchObject({ status: 422, code: "otp_disabled" });
    expect((await client.auth.signInWithOtp({ email: grace.email })).error).toBeNull();
    now += 3_600_001;
    const late = await client.auth.verifyOtp({ token_hash: lastMail(auth).tokenHash, type: "magiclink" });
    expect(late.error).toMatchObject({ code: "otp_expired" });
  });
});

describe("recovering a password", () => {
  it("leads by PKCE to a session that may set a new one, which ends the other sessions", async () => {
    const auth = await startAuth();
    const other = await signIn(connect(auth));
    const jar = new CookieJar();
    await jar.client(auth).auth.resetPasswordForEmail(ada.email, { redirectTo: callbackUrl });
    expect(lastMail(auth)).toMatchObject({ type: "recovery", to: ada.email });
    await jar.client(auth).auth.exchangeCodeForSession(codeOf(await follow(lastMail(auth).link)));
    const same = await jar.client(auth).auth.updateUser({ password: ada.password });
    expect(same.error).toMatchObject({ status: 422, code: "same_password" });
    expect((await jar.client(auth).auth.updateUser({ password: "a new horse" })).error).toBeNull();

    const client = connect(auth);
    expect((await client.auth.signInWithPassword(ada)).error).toMatchObject({ code: "invalid_credentials" });
    await expect(signIn(client, { ...ada, password: "a new horse" })).resolves.toBeDefined();
    expect((await client.auth.refreshSession({ refresh_token: other.refresh_token })).error).not.toBeNull();
    expect((await jar.client(auth).auth.getUser()).error).toBeNull();
  });

  it("answers the same for an unknown address, and sends nothing", async () => {
    const auth = await startAuth();
    expect((await connect(auth).auth.resetPasswordForEmail("nobody@example.com")).error).toBeNull();
    expect(auth.outbox).toHaveLength(0);
  });
});

describe("OAuth by PKCE", () => {
  const authorize = async (auth: LocalSupabaseAuth, jar: CookieJar, provider: "google" | "github") => {
    const { data } = await jar.client(auth).auth.signInWithOAuth({ provider, options: { redirectTo: callbackUrl } });
    return follow(data.url ?? "");
  };

  it("signs a new user in, and the same one the next time", async () => {
    const auth = await startAuth();
    const signInOnce = async () => {
      const jar = new CookieJar();
      const landing = await authorize(auth, jar, "google");
      expect(`${landing.origin}${landing.pathname}`).toBe(callbackUrl);
      return (await jar.client(auth).auth.exchangeCodeForSession(codeOf(landing))).data.user;
    };
    const user = await signInOnce();
    expect(user).toMatchObject({
      email: "google.user@example.com",
      app_metadata: { provider: "google", providers: ["google"] },
    });
    expect((await signInOnce())?.id).toBe(user?.id);
  });

  it("refuses a code with another browser's verifier, and keeps it for its own", async () => {
    const auth = await startAuth();
    const [jar, thief] = [new CookieJar(), new CookieJar()];
    await authorize(auth, thief, "github");
    const code = codeOf(await authorize(auth, jar, "google"));
    const stolen = await thief.client(auth).auth.exchangeCodeForSession(code);
    expect(stolen.error).toMatchObject({ status: 400, code: "bad_code_verifier" });
    expect((await jar.client(auth).auth.exchangeCodeForSession(code)).error).toBeNull();
  });

  it("links the account to the user who has its address, and drops what was set up unproven", async () => {
    const auth = await startAuth({
      signUps: { confirmEmail: true },
      oauthProviders: { google: { email: grace.email }, github: { email: ada.email } },
    });
    await connect(auth).auth.signUp(grace);
    const [graces, adas] = [new CookieJar(), new CookieJar()];
    await graces.client(auth).auth.exchangeCodeForSession(codeOf(await authorize(auth, graces, "google")));
    expect((await connect(auth).auth.signInWithPassword(grace)).error).toMatchObject({ code: "invalid_credentials" });
    const linked = await adas.client(auth).auth.exchangeCodeForSession(codeOf(await authorize(auth, adas, "github")));
    expect(linked.data.user?.app_metadata).toMatchObject({ providers: ["email", "github"] });
    expect(linked.data.user?.id).toBe((await signIn(connect(auth))).user.id);
  });

  it("refuses a provider that is not enabled and a challenge that is none", async () => {
    const auth = await startAuth();
    for (const query of ["provider=myspace", "provider=constructor", "provider=google&code_challenge=short"]) {
      const answer = await call(auth, `GET /authorize?${query}`);
      expect(answer).toMatchObject({ status: 400, body: { error_code: "validation_failed" } });
    }
  });

  it("expires a code after five minutes", async () => {
    let now = Date.now();
    const auth = await startAuth({ now: () => now });
    const jar = new CookieJar();
    const landing = await authorize(auth, jar, "google");
    now += 300_001;
    const late = await jar.client(auth).auth.exchangeCodeForSession(codeOf(landing));
    expect(late.error).toMatchObject({ status: 422, code: "flow_state_expired" });
  });
});

describe("where a browser is led", () => {
  it.each([
    ["https://dashboard.example.com/deep/page", "https://dashboard.example.com/deep/page"],
    ["http://localhost:5173/callback", "http://localhost:5173/callback"],
    ["http://127.0.0.1:8787/api/auth/callback", "http://127.0.0.1:8787/api/auth/callback"],
    ["https://preview.example.com/x", "https://preview.example.com/x"],
    ["https://evil.example.net/", siteUrl],
    ["https://dashboard.example.com.evil.net/", siteUrl],
    ["http://dashboard.example.com/", siteUrl],
    ["https://dashboard.example.com@evil.net/", siteUrl],
    ["\thttps://evil.example.net/", siteUrl],
    ["https://dashboard.example.com/a b", siteUrl],
    ["javascript:alert(1)", siteUrl],
    ["//evil.example.net", siteUrl],
  ])("asking for %s leads to %s", async (redirectTo, expected) => {
    const auth = await startAuth({ redirectOrigins: ["https://preview.example.com"] });
    const query = new URLSearchParams({ provider: "google", redirect_to: redirectTo });
    const landing = await follow(`${auth.url}/auth/v1/authorize?${query}`);
    expect(landing.href.split("#")[0]).toBe(expected);
  });
});

describe("the signed-in user", () => {
  it("changes metadata, but not what only an administrator may", async () => {
    const auth = await startAuth();
    const client = connect(auth);
    const { access_token: token } = await signIn(client);
    const { data } = await client.auth.updateUser({ data: { theme: "dark", email_verified: null } });
    expect(data.user?.user_metadata).toMatchObject({ theme: "dark" });
    expect(data.user?.user_metadata).not.toHaveProperty("email_verified");
    const refused = await call(auth, "PUT /user", { token, body: { app_metadata: { plan: "gold" } } });
    expect(refused).toMatchObject({ status: 403, body: { error_code: "not_admin" } });
  });

  it("has a new address only once the mail to it was opened", async () => {
    const auth = await startAuth();
    const client = connect(auth);
    const session = await signIn(client);
    const { data } = await client.auth.updateUser({ email: "ada@new.example.com" });
    expect(data.user).toMatchObject({ email: ada.email, new_email: "ada@new.example.com" });
    expect(lastMail(auth)).toMatchObject({ to: "ada@new.example.com", type: "email_change" });
    await follow(lastMail(auth).link);
    const changed = await client.auth.getUser(session.access_token);
    expect(changed.data.user?.email).toBe("ada@new.example.com");
    await expect(signIn(client, { ...ada, email: "ada@new.example.com" })).resolves.toBeDefined();
  });
});

describe("the admin endpoints", () => {
  it("open for the service key only", async () => {
    const auth = await startAuth();
    const { access_token, user } = await signIn(connect(auth));
    const route = `GET /admin/users/${user.id}` as const;
    expect(await call(auth, route)).toMatchObject({ status: 401, body: { error_code: "no_authorization" } });
    const asUser = await call(auth, route, { token: access_token });
    expect(asUser).toMatchObject({ status: 403, body: { error_code: "not_admin" } });
    expect(await call(auth, route, { token: "guess" })).toMatchObject({ status: 403 });
    expect(await call(auth, route, { token: serviceRoleKey })).toMatchObject({ status: 200 });
  });

  it("lock a user out for a time: no sign-in, no refresh, no call with a token from before", async () => {
    let now = Date.now();
    const auth = await startAuth({ now: () => now });
    const admin = connect(auth, serviceRoleKey);
    const client = connect(auth);
    const session = await signIn(client);
    const banned = await admin.auth.admin.updateUserById(session.user.id, { ban_duration: "1h30m" });
    expect(banned.error).toBeNull();
    expect((await client.auth.signInWithPassword(ada)).error).toMatchObject({ status: 400, code: "user_banned" });
    expect((await client.auth.getUser(session.access_token)).error).toMatchObject({ status: 403, code: "user_banned" });
    const refresh = () => connect(auth).auth.refreshSession({ refresh_token: session.refresh_token });
    expect((await refresh()).error).toMatchObject({ status: 400, code: "user_banned" });
    now += 5_400_001;
    expect((await refresh()).error).toBeNull();
    await admin.auth.admin.updateUserById(session.user.id, { ban_duration: "24h" });
    await admin.auth.admin.updateUserById(session.user.id, { ban_duration: "none" });
    expect((await refresh()).error).toBeNull();
  });

  it("create, list, read, change and delete users", async () => {
    const auth = await startAuth();
    const { admin } = connect(auth, serviceRoleKey).auth;
    const created = await admin.createUser({ ...grace, email_confirm: true, app_metadata: { plan: "gold" } });
    const id = created.data.user?.id ?? "";
    expect((await signIn(connect(auth), grace)).user.app_metadata).toMatchObject({ plan: "gold", provider: "email" });
    const duplicate = await admin.createUser({ ...grace, email_confirm: true });
    expect(duplicate.error).toMatchObject({ status: 422, code: "email_exists" });
    expect((await admin.listUsers()).data.users.map(({ email }) => email)).toEqual([ada.email, grace.email]);
    const changed = await admin.updateUserById(id, { email: "hopper@example.com", password: "third horse" });
    expect(changed.data.user?.email).toBe("hopper@example.com");
    const session = await signIn(connect(auth), { email: "hopper@example.com", password: "third horse" });
    expect((await admin.deleteUser(id)).error).toBeNull();
    expect((await admin.getUserById(id)).error).toMatchObject({ status: 404, code: "user_not_found" });
    const { error } = await connect(auth).auth.getUser(session.access_token);
    expect(error).toMatchObject({ status: 403, code: "user_not_found" });
  });
});
