import { createPublicKey, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { Browser, type HttpReply, request } from "./support/gateway.ts";
import { captureLog } from "./support/log.ts";
import { type TestUser, useStandIns } from "./support/stand-ins.ts";
import {
  claimsOf,
  foreignKey,
  headerOf,
  hmacToken,
  putSession,
  sessionOf,
  signingKey,
  signToken,
  unsignedToken,
} from "./support/tokens.ts";

const folder = mkdtempSync(join(tmpdir(), "sessions-"));
const dataFile = join(folder, "supabase.json");
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!hasTables)(`sessions (${tablesName})`, () => {
  const standIns = useStandIns({ dataFile });
  const log = captureLog();
  let user: TestUser;

  beforeEach(async () => {
    user = await standIns().createUser();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const session = (browser: Browser): Promise<HttpReply> => browser.get("/api/auth/session");
  const expectSignedOut = async (browser: Browser): Promise<void> => {
    const reply = await session(browser);
    expect(reply.error()).toMatchObject({ code: "UNAUTHORIZED" });
  };
  const expectSignedIn = async (browser: Browser, who = user): Promise<void> => {
    const reply = await session(browser);
    expect(reply.status, reply.text).toBe(200);
    expect(reply.data()).toEqual({ user: { id: who.userId, email: who.email }, signedInAt: expect.any(String) });
  };

  describe("signing in with a password", () => {
    it("answers who it is and sets cookies that no script reads and no other site sends", async () => {
      const reply = await new Browser().post("/api/auth/sign-in", { email: user.email, password: user.password });
      expect(reply.status).toBe(200);
      expect(reply.json()).toEqual({ success: true, data: { user: { id: user.userId, email: user.email } } });
      expect(reply.setCookies.length).toBeGreaterThan(0);
      for (const cookie of reply.setCookies) {
        const attributes = cookie.split("; ").slice(1);
        expect(attributes).toEqual(expect.arrayContaining(["HttpOnly", "SameSite=Lax", "Path=/"]));
        expect(attributes).not.toContain("Secure");
        expect(attributes.some((attribute) => attribute.startsWith("Domain"))).toBe(false);
      }
      expect(reply.text).not.toContain("token");
    });

    it.each([
      "api.example.com",
      "localhost.example.com",
      "127.0.0.1.example.com",
      "abc123.execute-api.us-east-1.amazonaws.com",
    ])("sets Secure cookies on %s", async (host) => {
      const browser = new Browser({ host });
      const reply = await browser.post("/api/auth/sign-in", { email: user.email, password: user.password });
      expect(reply.status, reply.text).toBe(200);
      for (const cookie of reply.setCookies) expect(cookie.split("; ")).toContain("Secure");
      await expectSignedIn(browser);
    });

    it.each(["localhost:8787", "127.0.0.1:8787", "[::1]:8787", "localhost"])(
      "sets plain cookies on %s, a developer's own machine",
      async (host) => {
        const origin = `http://${host}`;
        const reply = await request({
          method: "POST",
          path: "/api/auth/sign-in",
          headers: { host, origin },
          body: { email: user.email, password: user.password },
          sourceIp: randomUUID(),
        });
        expect(reply.status, reply.text).toBe(200);
        for (const cookie of reply.setCookies) expect(cookie.split("; ")).not.toContain("Secure");
      },
    );

    it("keeps its cookies under API Gateway's stage prefix", async () => {
      const browser = new Browser({ host: "abc123.execute-api.us-east-1.amazonaws.com", stage: "prod" });
      const reply = await browser.post("/api/auth/sign-in", { email: user.email, password: user.password });
      for (const cookie of reply.setCookies) expect(cookie.split("; ")).toContain("Path=/prod/");
      await expectSignedIn(browser);
    });

    it("works for a user with so much profile that the token needs several cookies, each under 4 KB", async () => {
      const large = await standIns().createUser({ bio: "ä".repeat(2_500) });
      const browser = await new Browser().signIn(large);
      expect(browser.cookies.size).toBeGreaterThan(1);
      for (const [name, value] of browser.cookies) {
        expect(name).toMatch(/\.\d$/);
        expect(name.length + value.length).toBeLessThan(4_096);
      }
      await expectSignedIn(browser, large);
      expect((await browser.post("/api/v1/keys", { name: "Large" })).status).toBe(201);
      expect((await browser.post("/api/auth/sign-out")).status).toBe(204);
      expect(browser.cookies.size).toBe(0);
    });

    it("keeps tokens only: the profile is in no cookie but as the token's own claim", async () => {
      const browser = await new Browser().signIn(user);
      expect(sessionOf(browser)).not.toHaveProperty("user");
      expect(sessionOf(browser)).toMatchObject({ access_token: expect.any(String), refresh_token: expect.any(String) });
    });

    it("drops the chunks of a longer session before", async () => {
      const browser = await new Browser().signIn(await standIns().createUser({ bio: "ä".repeat(2_500) }));
      await browser.signIn(user);
      await expectSignedIn(browser);
      expect(browser.cookies.size).toBe(1);
    });

    it("answers a wrong password and an unknown address alike, to the byte, and sets nothing", async () => {
      const wrong = await new Browser().post("/api/auth/sign-in", { email: user.email, password: "wrong password" });
      const unknown = await new Browser().post("/api/auth/sign-in", {
        email: "nobody@test.local",
        password: "wrong password",
      });
      expect(wrong.status).toBe(401);
      expect(wrong.text).toBe(unknown.text);
      expect(wrong.error().code).toBe("UNAUTHORIZED");
      expect([...wrong.setCookies, ...unknown.setCookies]).toEqual([]);
    });

    it("repeats and logs no password", async () => {
      const password = `secret-${randomUUID()}`;
      const replies = [
        await new Browser().post("/api/auth/sign-in", { email: user.email, password }),
        await new Browser().post("/api/auth/sign-in", { email: password, password }),
        await new Browser().post("/api/auth/sign-in", `{"email": "a@b.co", "password": "${password}", }`),
        await new Browser().post("/api/auth/sign-up", { email: user.email, password }),
      ];
      expect(JSON.stringify([replies.map(({ text }) => text), log.text()])).not.toContain(password);
    });
  });

  describe("signing up", () => {
    it("makes an account and signs it in", async () => {
      const browser = new Browser();
      const email = `${randomUUID()}@test.local`;
      const reply = await browser.post("/api/auth/sign-up", { email, password: "a good password" });
      expect(reply.status, reply.text).toBe(200);
      expect(reply.data()).toEqual({ user: { id: expect.any(String), email } });
      expect((await session(browser)).data()).toMatchObject({ user: { email } });
      await new Browser().signIn({ email, password: "a good password" });
    });

    it("says 409 for an address that has an account, and changes nothing of it", async () => {
      const reply = await new Browser().post("/api/auth/sign-up", { email: user.email, password: "another password" });
      expect(reply.error()).toMatchObject({ code: "CONFLICT", param: "email" });
      // No session: all that is set belongs to the link of a mail that never goes out.
      for (const cookie of reply.setCookies) expect(cookie.split("=")[0]).toMatch(/-code-verifier$/);
      await new Browser().signIn(user);
    });
  });

  describe("a new password", () => {
    it("takes more than a session of long ago: the old password, or a sign-in of the last ten minutes", async () => {
      const browser = await new Browser().signIn(user);
      vi.setSystemTime(Date.now() + 11 * 60_000);
      const path = "/api/auth/update-password";
      const password = "the thief's password";
      const without = await browser.post(path, { password });
      expect(without.error()).toMatchObject({ code: "FORBIDDEN", param: "currentPassword" });
      const wrong = await browser.post(path, { password, currentPassword: "a guess" });
      expect(wrong.error()).toMatchObject({ code: "FORBIDDEN", param: "currentPassword" });
      await new Browser().signIn(user);
      const changed = await browser.post(path, { password: "a new password", currentPassword: user.password });
      expect(changed.status, changed.text).toBe(204);
      await new Browser().signIn({ email: user.email, password: "a new password" });
    });
  });

  describe("signing out", () => {
    it("clears the cookies", async () => {
      const browser = await new Browser().signIn(user);
      const reply = await browser.post("/api/auth/sign-out");
      expect([reply.status, reply.text]).toEqual([204, ""]);
      expect(browser.cookies.size).toBe(0);
      for (const cookie of reply.setCookies)
        expect(cookie.split("; ")).toEqual(expect.arrayContaining(["Max-Age=0", "Path=/", "HttpOnly"]));
      await expectSignedOut(browser);
    });

    it("ends the session for whoever kept its token: no secret is made or shown any more, reading works until it expires", async () => {
      const browser = await new Browser().signIn(user);
      const { keyId } = (await browser.post("/api/v1/keys", { name: "Before" })).data<{ keyId: string }>();
      const thief = browser.clone();
      const steal = (): Browser => thief.clone();
      await browser.post("/api/auth/sign-out");
      const providerKey = { provider: "openai", slug: "x", displayName: "x", apiKey: "sk-12345678" };
      const secrets = [
        await steal().post("/api/v1/keys", { name: "Stolen" }),
        await steal().post(`/api/v1/keys/${keyId}/rotate`),
        await steal().post("/api/v1/provider-keys", providerKey),
        await steal().post("/api/auth/update-password", { password: "the thief's password" }),
      ];
      for (const reply of secrets) expect(reply.error().code).toBe("UNAUTHORIZED");
      expect((await steal().get("/api/v1/keys")).data<readonly unknown[]>()).toHaveLength(1);
      vi.setSystemTime(Date.now() + 3_601_000);
      await expectSignedOut(steal());
      await new Browser().signIn(user);
    });

    it("ends this session only", async () => {
      const [one, other] = [await new Browser().signIn(user), await new Browser().signIn(user)];
      await one.post("/api/auth/sign-out");
      await expectSignedIn(other);
      expect((await other.post("/api/v1/keys", { name: "Still here" })).status).toBe(201);
    });

    it("everywhere ends every session of the user, and of nobody else", async () => {
      const stranger = await new Browser().signIn(await standIns().createUser());
      const [one, other] = [await new Browser().signIn(user), await new Browser().signIn(user)];
      const reply = await one.post("/api/auth/sign-out", { everywhere: true });
      expect([reply.status, one.cookies.size]).toEqual([204, 0]);
      expect((await other.post("/api/v1/keys", { name: "Elsewhere" })).error().code).toBe("UNAUTHORIZED");
      expect((await stranger.post("/api/v1/keys", { name: "A stranger's" })).status).toBe(201);
      expect((await new Browser().post("/api/auth/sign-out", { everywhere: true })).status).toBe(204);
    });

    it("is a 204 also for who was not signed in, or twice", async () => {
      expect((await new Browser().post("/api/auth/sign-out")).status).toBe(204);
      const browser = await new Browser().signIn(user);
      const copy = browser.clone();
      expect((await browser.post("/api/auth/sign-out")).status).toBe(204);
      expect((await copy.post("/api/auth/sign-out")).status).toBe(204);
      expect(copy.cookies.size).toBe(0);
    });
  });

  describe("refreshing", () => {
    const expire = (): void => {
      vi.setSystemTime(Date.now() + 3_590_000);
    };

    it("happens when it is due and sets the new cookies", async () => {
      const browser = await new Browser().signIn(user);
      const before = sessionOf(browser);
      await expectSignedIn(browser);
      expect(sessionOf(browser)).toEqual(before);
      expire();
      await expectSignedIn(browser);
      const after = sessionOf(browser);
      expect(after.access_token).not.toBe(before.access_token);
      expect(after.refresh_token).not.toBe(before.refresh_token);
    });

    it("happens on any endpoint of a session, and leaves with errors too", async () => {
      const browser = await new Browser().signIn(user);
      const before = sessionOf(browser);
      expire();
      const reply = await browser.delete("/api/v1/keys/key_nobodys");
      expect(reply.status).toBe(404);
      expect(sessionOf(browser).access_token).not.toBe(before.access_token);
      await expectSignedIn(browser);
    });

    it("leaves two requests that refresh at once both signed in, and whoever kept the old cookies a little longer", async () => {
      const browser = await new Browser().signIn(user);
      expire();
      const copies = [browser.clone(), browser.clone(), browser.clone()];
      const replies = await Promise.all(copies.map(session));
      expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
      for (const copy of copies) await expectSignedIn(copy);
      await expectSignedIn(browser);
    });

    it("ends with a 401 and cleared cookies when the refresh token is not known", async () => {
      const browser = await new Browser().signIn(user);
      putSession(browser, { ...sessionOf(browser), refresh_token: "made-up" });
      expire();
      // The access token holds a few seconds more.
      await expectSignedIn(browser.clone());
      vi.setSystemTime(Date.now() + 20_000);
      await expectSignedOut(browser);
      expect(browser.cookies.size).toBe(0);
    });

    it("keeps a session whose token still holds when Supabase does not refresh it", async () => {
      const browser = await new Browser().signIn(user);
      await standIns().supabase.stop();
      expire();
      try {
        await expectSignedIn(browser);
        expect(browser.cookies.size).toBeGreaterThan(0);
      } finally {
        await standIns().supabase.start();
      }
    });
  });

  describe("a token", () => {
    /** A browser whose access token a test made from a good one. */
    const withToken = async (make: (good: { header: object; claims: Record<string, unknown> }) => string) => {
      const browser = await new Browser().signIn(user);
      const good = sessionOf(browser);
      const token = make({ header: headerOf(good.access_token), claims: claimsOf(good.access_token) });
      putSession(browser, { ...good, access_token: token });
      return browser;
    };
    const signed = (header: object, claims: object): string => signToken(header, claims, signingKey(dataFile).key);

    it("of the right key and claims is taken: what follows differs by one thing each", async () => {
      await expectSignedIn(await withToken(({ header, claims }) => signed(header, claims)));
    });

    it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
      ["another issuer", (claims) => ({ ...claims, iss: "https://evil.example/auth/v1" })],
      ["an issuer with a slash more", (claims) => ({ ...claims, iss: `${String(claims.iss)}/` })],
      ["another audience", (claims) => ({ ...claims, aud: "other" })],
      ["an empty list of audiences", (claims) => ({ ...claims, aud: [] })],
      ["the anonymous role", (claims) => ({ ...claims, role: "anon" })],
      ["the service role", (claims) => ({ ...claims, role: "service_role" })],
      ["an anonymous user", (claims) => ({ ...claims, is_anonymous: true })],
      ["no session", ({ session_id: _, ...claims }) => claims],
      ["no user", ({ sub: _, ...claims }) => claims],
      ["no expiry", ({ exp: _, ...claims }) => claims],
      ["an expiry in the past", (claims) => ({ ...claims, exp: Math.floor(Date.now() / 1_000) - 1 })],
      ["an expiry that is text", (claims) => ({ ...claims, exp: "tomorrow" })],
    ])("of the right key with %s is a 401", async (_name, change) => {
      await expectSignedOut(await withToken(({ header, claims }) => signed(header, change(claims))));
    });

    it.each<[string, (good: { header: object; claims: Record<string, unknown> }) => string]>([
      ["without a signature (alg none)", ({ claims }) => unsignedToken({ alg: "none", typ: "JWT" }, claims)],
      ["of alg none that names our key", ({ header, claims }) => unsignedToken({ ...header, alg: "none" }, claims)],
      [
        "signed by HS256 with our public key as the secret",
        ({ header, claims }) =>
          hmacToken(
            { ...header, alg: "HS256" },
            claims,
            createPublicKey(signingKey(dataFile).key).export({ type: "spki", format: "pem" }) as string,
          ),
      ],
      [
        "signed by HS256 with our anon key",
        ({ claims }) => hmacToken({ alg: "HS256", typ: "JWT" }, claims, "anon-key-of-the-tests"),
      ],
      ["of a foreign key under our key's id", ({ header, claims }) => signToken(header, claims, foreignKey())],
      [
        "of a foreign key under its own id",
        ({ header, claims }) => signToken({ ...header, kid: "evil" }, claims, foreignKey()),
      ],
      [
        "that points to its own keys",
        ({ header, claims }) =>
          signToken({ ...header, kid: "evil", jku: "https://evil.example" }, claims, foreignKey()),
      ],
      ["of an algorithm that nobody knows", ({ header, claims }) => signed({ ...header, alg: "ES999" }, claims)],
      [
        "with a claim changed after it was signed",
        ({ header, claims }) =>
          signed(header, claims).replace(
            /\.[^.]+\./,
            `.${Buffer.from(JSON.stringify({ ...claims, sub: randomUUID() })).toString("base64url")}.`,
          ),
      ],
      [
        "with an empty signature",
        ({ header, claims }) => `${signed(header, claims).split(".").slice(0, 2).join(".")}.`,
      ],
      ["that is not a token", () => "not.a.token"],
      ["that is empty", () => ""],
      ["of hostile text", () => "💥.\u0000.%00"],
    ])("%s is a 401", async (_name, make) => {
      await expectSignedOut(await withToken(make));
    });

    it("is refused with any byte of its signature changed", async () => {
      const browser = await new Browser().signIn(user);
      const good = sessionOf(browser);
      const [header = "", claims = "", signature = ""] = good.access_token.split(".");
      for (let at = 0; at < 64; at += 7) {
        const bytes = Buffer.from(signature, "base64url");
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
        const copy = browser.clone();
        putSession(copy, { ...good, access_token: `${header}.${claims}.${bytes.toString("base64url")}` });
        await expectSignedOut(copy);
      }
    });
  });

  describe("a cookie", () => {
    it.each([
      ["of rubbish", "rubbish"],
      ["of broken base64", "base64-%%%"],
      ["of base64 that is no UTF-8", "base64-_____w"],
      ["of base64 that is no JSON", `base64-${Buffer.from("{{{").toString("base64url")}`],
      ["of JSON null", `base64-${Buffer.from("null").toString("base64url")}`],
      ["of a JSON number", `base64-${Buffer.from("42").toString("base64url")}`],
      ["of a list", `base64-${Buffer.from("[]").toString("base64url")}`],
      ["of an object without tokens", `base64-${Buffer.from("{}").toString("base64url")}`],
      [
        "of tokens that are objects",
        `base64-${Buffer.from('{"access_token":{},"refresh_token":[],"expires_at":"x"}').toString("base64url")}`,
      ],
      ["with __proto__", `base64-${Buffer.from('{"__proto__":{"access_token":"a.b.c"}}').toString("base64url")}`],
      ["that is empty", ""],
      ["of percent signs", "%E0%A4%A"],
      ["of 7 KB", `base64-${"A".repeat(7_000)}`],
    ])("%s is a 401, never a 5xx", async (_name, value) => {
      const browser = await new Browser().signIn(user);
      const [name = ""] = browser.cookies.keys();
      browser.cookies.set(name, value);
      await expectSignedOut(browser);
      expect((await browser.clone().post("/api/v1/keys", { name: "x" })).status).toBe(401);
      expect((await browser.clone().post("/api/auth/sign-out")).status).toBe(204);
      // Signing in anew gets rid of it.
      await expectSignedIn(await browser.signIn(user));
    });

    it("of which a chunk is missing or doubled is a 401", async () => {
      const large = await standIns().createUser({ bio: "ä".repeat(2_500) });
      const browser = await new Browser().signIn(large);
      const [first = "", second = ""] = browser.cookies.keys();
      const missing = browser.clone();
      missing.cookies.delete(first);
      await expectSignedOut(missing);
      const swapped = browser.clone();
      swapped.cookies.set(second, browser.cookies.get(first) ?? "");
      await expectSignedOut(swapped);
    });

    it("header of any form is read without a fault", async () => {
      for (const cookie of [
        "",
        ";",
        "=",
        "=;=",
        "a",
        "a=b; a=c",
        `${"x=1; ".repeat(500)}`,
        "a=\u0000",
        "__proto__=1; constructor=2",
      ]) {
        const reply = await request({ path: "/api/auth/session", headers: { cookie } });
        expect(reply.error().code).toBe("UNAUTHORIZED");
      }
    });
  });

  describe("signing keys", () => {
    it("may rotate: tokens of the old and of the new key are both taken", async () => {
      const before = await new Browser().signIn(user);
      await expectSignedIn(before);
      standIns().supabase.server.rotateSigningKey();
      const after = await new Browser().signIn(user);
      expect(headerOf(sessionOf(after).access_token).kid).not.toBe(headerOf(sessionOf(before).access_token).kid);
      await expectSignedIn(after);
      await expectSignedIn(before);
    });
  });

  describe("while Supabase is unavailable", () => {
    it("is a 503 to sign in, and reading goes on with the keys that are known", async () => {
      const browser = await new Browser().signIn(user);
      await browser.post("/api/v1/keys", { name: "Before" });
      await standIns().supabase.stop();
      try {
        const reply = await new Browser().post("/api/auth/sign-in", { email: user.email, password: user.password });
        expect(reply.error()).toMatchObject({ code: "SERVICE_UNAVAILABLE" });
        expect(reply.headers["retry-after"]).toBe("5");
        const listed = await browser.get("/api/v1/keys");
        expect(listed.status).toBe(200);
        expect(listed.data<readonly unknown[]>()).toHaveLength(1);
        // What makes a secret asks Supabase, and is refused without its answer.
        const secret = await browser.post("/api/v1/keys", { name: "During" });
        expect(secret.error().code).toBe("SERVICE_UNAVAILABLE");
        const others: HttpReply[] = [
          await new Browser().post("/api/auth/sign-up", { email: "new@test.local", password: "a good password" }),
          await new Browser().post("/api/auth/magic-link", { email: user.email }),
          await new Browser().post("/api/auth/reset-password", { email: user.email }),
          await browser.clone().post("/api/auth/sign-out"),
        ];
        for (const other of others) expect(other.error().code).toBe("SERVICE_UNAVAILABLE");
      } finally {
        await standIns().supabase.start();
      }
      await expectSignedIn(browser);
    });

    it("keeps the session of who had to refresh meanwhile", async () => {
      const browser = await new Browser().signIn(user);
      await standIns().supabase.stop();
      vi.setSystemTime(Date.now() + 3_700_000);
      try {
        const reply = await session(browser);
        expect(reply.error().code).toBe("SERVICE_UNAVAILABLE");
        expect(browser.cookies.size).toBeGreaterThan(0);
      } finally {
        await standIns().supabase.start();
      }
      await expectSignedIn(browser);
    });
  });

  describe("calls that change something", () => {
    const calls = [
      ["POST", "/api/v1/keys", { name: "Forged" }],
      ["PATCH", "/api/v1/keys/key_1", { enabled: false }],
      ["DELETE", "/api/v1/keys/key_1", undefined],
      ["POST", "/api/v1/keys/key_1/rotate", undefined],
      ["POST", "/api/v1/provider-keys", { provider: "openai", slug: "x", displayName: "x", apiKey: "sk-12345678" }],
      ["DELETE", "/api/v1/provider-keys/pk_1", undefined],
      ["POST", "/api/auth/sign-in", { email: "a@test.local", password: "wrong" }],
      ["POST", "/api/auth/sign-up", { email: "forged@test.local", password: "a good password" }],
      ["POST", "/api/auth/magic-link", { email: "forged@test.local" }],
      ["POST", "/api/auth/reset-password", { email: "forged@test.local" }],
      ["POST", "/api/auth/update-password", { password: "a good password" }],
      ["POST", "/api/auth/sign-out", undefined],
    ] as const;

    it.each<[string, Record<string, string>]>([
      ["no Origin and no Sec-Fetch-Site", {}],
      ["another site's Origin", { origin: "https://evil.example" }],
      ["an Origin of null", { origin: "null" }],
      ["an empty Origin", { origin: "" }],
      ["another port", { origin: "http://localhost:9999" }],
      ["another scheme", { origin: "https://localhost:8787" }],
      ["our host as a prefix", { origin: "http://localhost:8787.evil.example" }],
      ["our origin and another site", { origin: "http://localhost:8787", "sec-fetch-site": "cross-site" }],
      ["Sec-Fetch-Site cross-site", { "sec-fetch-site": "cross-site" }],
      ["Sec-Fetch-Site same-site: a sister domain", { "sec-fetch-site": "same-site" }],
      ["Sec-Fetch-Site none", { "sec-fetch-site": "none" }],
      ["another Origin under our Sec-Fetch-Site", { origin: "https://evil.example", "sec-fetch-site": "same-origin" }],
      ["two Origins", { origin: "http://localhost:8787, https://evil.example" }],
    ])("with %s are a 403 and change nothing", async (_name, headers) => {
      const browser = await new Browser().signIn(user);
      const rows = await standIns().rows("keys");
      const mails = standIns().supabase.server.outbox.length;
      for (const [method, path, body] of calls) {
        const reply = await request({
          method,
          path,
          headers: { cookie: browser.cookieHeader, ...headers },
          ...(body === undefined ? {} : { body }),
          sourceIp: randomUUID(),
        });
        expect(reply.error()).toMatchObject({ code: "FORBIDDEN" });
        expect(reply.setCookies).toEqual([]);
      }
      expect(await standIns().rows("keys")).toEqual(rows);
      expect(await standIns().rows("providerKeys")).toEqual([]);
      expect(standIns().supabase.server.outbox).toHaveLength(mails);
      await expectSignedIn(browser);
    });

    it.each<[string, Record<string, string>]>([
      ["our Origin", { origin: "http://localhost:8787" }],
      ["our Origin and Sec-Fetch-Site", { origin: "http://localhost:8787", "sec-fetch-site": "same-origin" }],
      ["Sec-Fetch-Site same-origin alone", { "sec-fetch-site": "same-origin" }],
    ])("with %s are taken", async (_name, headers) => {
      const browser = await new Browser().signIn(user);
      const reply = await request({
        method: "POST",
        path: "/api/v1/keys",
        headers: { cookie: browser.cookieHeader, ...headers },
        body: { name: "Own" },
      });
      expect(reply.status, reply.text).toBe(201);
    });

    it("are opened to no other origin by CORS", async () => {
      for (const [method, path] of calls) {
        const preflight = await request({
          method: "OPTIONS",
          path,
          headers: { origin: "https://evil.example", "access-control-request-method": method },
        });
        expect(Object.keys(preflight.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
      }
    });
  });

  describe("an API key", () => {
    it("opens no endpoint of a session: 401", async () => {
      const browser = await new Browser().signIn(user);
      const { key } = (await browser.post("/api/v1/keys", { name: "A key" })).data<{ key: string }>();
      for (const [method, path] of [
        ["GET", "/api/v1/keys"],
        ["POST", "/api/v1/keys"],
        ["DELETE", "/api/v1/keys/key_1"],
        ["POST", "/api/v1/keys/key_1/rotate"],
        ["GET", "/api/v1/provider-keys"],
        ["POST", "/api/v1/provider-keys"],
        ["DELETE", "/api/v1/provider-keys/pk_1"],
        ["GET", "/api/auth/session"],
      ] as const) {
        for (const headers of [{ authorization: `Bearer ${key}` }, { "x-api-key": key }]) {
          const reply = await request({ method, path, headers });
          expect(reply.error()).toMatchObject({
            code: "UNAUTHORIZED",
            message: "This endpoint needs a dashboard session, not an API key.",
          });
        }
      }
    });
  });

  describe("limits", () => {
    it("are 10 sign-ins of an address a minute, over every way to sign in, and leave other addresses alone", async () => {
      vi.setSystemTime(Math.ceil(Date.now() / 60_000) * 60_000 + 1_000);
      const browser = new Browser();
      const attempt = (): Promise<HttpReply> =>
        browser.post("/api/auth/sign-in", { email: user.email, password: "wrong" });
      for (let index = 0; index < 8; index++) expect((await attempt()).status).toBe(401);
      expect((await browser.post("/api/auth/magic-link", { email: "nobody@test.local" })).status).toBe(202);
      expect((await browser.post("/api/auth/reset-password", { email: "nobody@test.local" })).status).toBe(202);
      const refused = await attempt();
      expect(refused.error()).toMatchObject({ code: "RATE_LIMIT_EXCEEDED" });
      expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
      // Also with the right password: the answer tells nothing.
      expect((await browser.post("/api/auth/sign-in", { email: user.email, password: user.password })).status).toBe(
        429,
      );
      await new Browser().signIn(user);
    });

    it("are not widened by the addresses of an IPv6 network: a /64 is one address", async () => {
      vi.setSystemTime(Math.ceil(Date.now() / 60_000) * 60_000 + 1_000);
      const from = (sourceIp: string) =>
        new Browser({ sourceIp }).post("/api/auth/sign-in", { email: user.email, password: "wrong" });
      const network = `2001:db8:${Math.floor(Math.random() * 0xffff).toString(16)}`;
      for (let index = 0; index < 10; index++)
        expect((await from(`${network}:1:${index}:${index}::${index}`)).status).toBe(401);
      expect((await from(`${network}:1:ffff::`)).error().code).toBe("RATE_LIMIT_EXCEEDED");
      expect((await from(`${network}:2::1`)).status).toBe(401);
    });

    it("are 60 calls of a user a minute, over all sessions", async () => {
      vi.setSystemTime(Math.ceil(Date.now() / 60_000) * 60_000 + 1_000);
      const sessions = [await new Browser().signIn(user), await new Browser().signIn(user)];
      const statuses: number[] = [];
      for (let index = 0; index < 61; index++)
        statuses.push((await (sessions[index % 2] as Browser).get("/api/v1/keys")).status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(60);
      expect(statuses.at(-1)).toBe(429);
      const other = await new Browser().signIn(await standIns().createUser());
      expect((await other.get("/api/v1/keys")).status).toBe(200);
    });

    it("hold while Unkey is unavailable, each environment by itself", async () => {
      vi.setSystemTime(Math.ceil(Date.now() / 60_000) * 60_000 + 1_000);
      standIns().unkey.intercept = () => ({ kind: "reset" });
      const browser = new Browser();
      const statuses: number[] = [];
      for (let index = 0; index < 12; index++) {
        statuses.push((await browser.post("/api/auth/sign-in", { email: user.email, password: "wrong" })).status);
      }
      expect(statuses.filter((status) => status === 401)).toHaveLength(10);
      expect(statuses.slice(10)).toEqual([429, 429]);
    });
  });
});
