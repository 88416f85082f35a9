import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isAuthApiError, isAuthSessionMissingError } from "@supabase/supabase-js";
import { describe, expect, it } from "vitest";
import {
  ada,
  anonKey,
  CookieJar,
  call,
  connect,
  serviceRoleKey,
  signIn,
  startAuth,
  temporaryFolder,
} from "./harness.ts";

describe("signing in with a password", () => {
  it("gives a session whose token carries the claims of Supabase", async () => {
    const auth = await startAuth({ accessTokenSeconds: 600 });
    const client = connect(auth);
    const session = await signIn(client);
    expect(session).toMatchObject({ token_type: "bearer", expires_in: 600, user: { email: ada.email } });
    const { data } = await client.auth.getClaims(session.access_token);
    expect(data?.header).toMatchObject({ alg: "ES256", typ: "JWT", kid: expect.any(String) });
    expect(data?.claims).toMatchObject({
      iss: `${auth.url}/auth/v1`,
      sub: session.user.id,
      aud: "authenticated",
      role: "authenticated",
      email: ada.email,
      phone: "",
      aal: "aal1",
      amr: [{ method: "password", timestamp: expect.any(Number) }],
      session_id: expect.any(String),
      is_anonymous: false,
      app_metadata: { provider: "email", providers: ["email"] },
    });
    expect((data?.claims.exp ?? 0) - (data?.claims.iat ?? 0)).toBe(600);
  });

  it("answers a wrong password and an unknown address alike", async () => {
    const client = connect(await startAuth());
    for (const credentials of [
      { ...ada, password: "wrong" },
      { ...ada, email: "nobody@example.com" },
    ]) {
      const { data, error } = await client.auth.signInWithPassword(credentials);
      expect(data.session).toBeNull();
      expect(error).toMatchObject({ status: 400, code: "invalid_credentials", message: "Invalid login credentials" });
    }
  });

  it("keeps a session in cookies that a later request reads", async () => {
    const auth = await startAuth();
    const jar = new CookieJar();
    await signIn(jar.client(auth));
    expect([...jar.cookies.keys()]).toEqual(["sb-127-auth-token"]);
    const { data } = await jar.client(auth).auth.getUser();
    expect(data.user?.email).toBe(ada.email);
    await jar.client(auth).auth.signOut();
    expect(jar.cookies.size).toBe(0);
  });
});

describe("refreshing", () => {
  const refreshAfter = async (elapsedMs: number, use: "first" | "second") => {
    let now = Date.now();
    const auth = await startAuth({ now: () => now });
    const client = connect(auth);
    const first = await signIn(client);
    const second = await client.auth.refreshSession({ refresh_token: first.refresh_token });
    const third = await client.auth.refreshSession({ refresh_token: second.data.session?.refresh_token ?? "" });
    now += elapsedMs;
    const token = use === "first" ? first.refresh_token : (second.data.session?.refresh_token ?? "");
    return { auth, third: third.data.session, again: await client.auth.refreshSession({ refresh_token: token }) };
  };

  it("gives a new refresh token each time", async () => {
    const client = connect(await startAuth());
    const first = await signIn(client);
    const { data, error } = await client.auth.refreshSession({ refresh_token: first.refresh_token });
    expect(error).toBeNull();
    expect(data.session?.refresh_token).not.toBe(first.refresh_token);
    expect(data.user?.id).toBe(first.user.id);
  });

  it("keeps requests signed in that refresh at once, all with the same next token", async () => {
    const auth = await startAuth();
    const { refresh_token } = await signIn(connect(auth));
    const refreshed = await Promise.all(
      Array.from({ length: 5 }, () => connect(auth).auth.refreshSession({ refresh_token })),
    );
    expect(refreshed.map(({ error }) => error)).toEqual(Array(5).fill(null));
    expect(new Set(refreshed.map(({ data }) => data.session?.refresh_token)).size).toBe(1);
  });

  it("lets any older token follow to the current one within 10 seconds", async () => {
    const { again, third } = await refreshAfter(9_000, "first");
    expect(again.data.session?.refresh_token).toBe(third?.refresh_token);
  });

  it("lets the token before the current one follow later too, since its answer may have been lost", async () => {
    const { again, third } = await refreshAfter(3_600_000, "second");
    expect(again.data.session?.refresh_token).toBe(third?.refresh_token);
  });

  it("ends the session when an older token comes back after 10 seconds", async () => {
    const { auth, again, third } = await refreshAfter(10_000, "first");
    expect(again.error).toMatchObject({ status: 400, code: "refresh_token_already_used" });
    const client = connect(auth);
    const current = await client.auth.refreshSession({ refresh_token: third?.refresh_token ?? "" });
    expect(current.error).toMatchObject({ code: "refresh_token_not_found" });
    const { error } = await client.auth.getUser(third?.access_token);
    expect(isAuthSessionMissingError(error)).toBe(true);
  });

  it("refuses a token that the server did not make", async () => {
    const client = connect(await startAuth());
    const { refresh_token } = await signIn(client);
    const forged = `${refresh_token.slice(0, -2)}${refresh_token.endsWith("AA") ? "BB" : "AA"}`;
    for (const token of [forged, "nonsense"]) {
      const { error } = await client.auth.refreshSession({ refresh_token: token });
      expect(error).toMatchObject({ status: 400, code: "refresh_token_not_found" });
    }
  });
});

describe("signing out", () => {
  it.each([
    ["local", [false, true]],
    ["others", [true, false]],
    ["global", [false, false]],
  ] as const)("with scope %s leaves own and other session alive: %s", async (scope, alive) => {
    const auth = await startAuth();
    const client = connect(auth);
    const own = await signIn(client);
    const other = await signIn(connect(auth));
    await client.auth.signOut({ scope });
    const reader = connect(auth);
    const answers = [await reader.auth.getUser(own.access_token), await reader.auth.getUser(other.access_token)];
    expect(answers.map(({ error }) => error === null)).toEqual(alive);
  });
});

describe("access tokens", () => {
  it("are checked without the server once its keys are known, also after signing out", async () => {
    const auth = await startAuth();
    const client = connect(auth);
    const { access_token } = await signIn(client);
    await client.auth.getClaims(access_token);
    await client.auth.signOut();
    await auth.close();
    const { data } = await client.auth.getClaims(access_token);
    expect(data?.claims.email).toBe(ada.email);
  });

  it("that were changed, have expired or are no tokens are refused", async () => {
    let now = Date.now();
    const auth = await startAuth({ now: () => now });
    const { access_token } = await signIn(connect(auth));
    const [header, payload = "", signature] = access_token.split(".");
    const claims: object = JSON.parse(Buffer.from(payload, "base64url").toString());
    const promoted = Buffer.from(JSON.stringify({ ...claims, role: "service_role" })).toString("base64url");
    const unsigned = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
    const badTokens = [`${header}.${promoted}.${signature}`, `${unsigned}.${payload}.`, "nonsense"];
    for (const token of badTokens) {
      expect(await call(auth, "GET /user", { token })).toMatchObject({ status: 403, body: { error_code: "bad_jwt" } });
    }
    now += 3_600_000;
    const late = await call(auth, "GET /user", { token: access_token });
    expect(late).toMatchObject({ status: 403, body: { error_code: "bad_jwt" } });
  });

  it("stay valid when the signing key is rotated, and new ones name the new key", async () => {
    const auth = await startAuth();
    const client = connect(auth);
    const before = await signIn(client);
    const { kid } = auth.rotateSigningKey();
    const after = await signIn(client);
    const [oldClaims, newClaims] = [
      await client.auth.getClaims(before.access_token),
      await client.auth.getClaims(after.access_token),
    ];
    expect(newClaims.data?.header.kid).toBe(kid);
    expect(oldClaims.data?.header.kid).not.toBe(kid);
    expect((await client.auth.getUser(before.access_token)).error).toBeNull();
    const { body } = await call(auth, "GET /.well-known/jwks.json");
    expect(body).toMatchObject({ keys: [{ alg: "ES256", use: "sig" }, { kid }] });
    expect(JSON.stringify(body)).not.toContain('"d"');
  });
});

describe("the data file", () => {
  it("keeps users, sessions and signing keys over a restart", async () => {
    const dataFile = join(temporaryFolder(), "auth.json");
    const first = await startAuth({ dataFile });
    const session = await signIn(connect(first));
    const { kid } = first.rotateSigningKey();
    await first.close();
    const second = await startAuth({ dataFile });
    const client = connect(second);
    expect((await client.auth.getUser(session.access_token)).data.user?.id).toBe(session.user.id);
    const refreshed = await client.auth.refreshSession({ refresh_token: session.refresh_token });
    expect((await client.auth.getClaims(refreshed.data.session?.access_token)).data?.header.kid).toBe(kid);
  });

  it("is readable by its owner only and holds no password", async () => {
    const dataFile = join(temporaryFolder(), "auth.json");
    await startAuth({ dataFile });
    expect(statSync(dataFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(dataFile, "utf8")).not.toContain(ada.password);
  });
});

describe("errors and keys", () => {
  const wrong = { body: { email: ada.email, password: "wrong" } };

  it("have a string code for callers of API version 2024-01-01 on, and a status for older ones", async () => {
    const auth = await startAuth();
    const versioned = (version: string) =>
      call(auth, "POST /token?grant_type=password", { ...wrong, headers: { "x-supabase-api-version": version } });
    const message = "Invalid login credentials";
    for (const version of ["2024-01-01", "2026-05-05"]) {
      const { body, headers } = await versioned(version);
      expect(body).toEqual({ code: "invalid_credentials", message });
      expect(headers.get("x-supabase-api-version")).toBe("2024-01-01");
    }
    for (const version of ["2023-01-01", "newest"]) {
      const { body, headers } = await versioned(version);
      expect(body).toEqual({ code: 400, error_code: "invalid_credentials", msg: message });
      expect(headers.has("x-supabase-api-version")).toBe(false);
    }
  });

  it("refuse a caller without a key of the project, except where browsers and verifiers go", async () => {
    const auth = await startAuth();
    for (const apikey of ["", "another"]) {
      expect((await call(auth, "GET /settings", { headers: { apikey } })).status).toBe(401);
      expect((await call(auth, "GET /.well-known/jwks.json", { headers: { apikey } })).status).toBe(200);
    }
    expect((await call(auth, "GET /settings", { headers: { apikey: serviceRoleKey } })).status).toBe(200);
    expect((await call(auth, "GET /settings", { headers: { apikey: anonKey } })).status).toBe(200);
  });

  it("answer 404 outside the endpoints and 400 for a body that is not JSON", async () => {
    const auth = await startAuth();
    expect((await call(auth, "GET /nothing")).status).toBe(404);
    const response = await fetch(`${auth.url}/auth/v1/signup`, {
      method: "POST",
      headers: { apikey: anonKey },
      body: "{",
    });
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 400,
      body: { error_code: "bad_json" },
    });
  });

  it("reach supabase-js as typed errors", async () => {
    const { error } = await connect(await startAuth()).auth.signInWithPassword({ ...ada, password: "wrong" });
    expect(isAuthApiError(error)).toBe(true);
  });
});
