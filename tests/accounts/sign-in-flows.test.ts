import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { safeNext } from "#core/auth/next-path.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { fc, runs } from "#tests/support/property.ts";
import { Browser, type HttpReply } from "./support/gateway.ts";
import { captureLog } from "./support/log.ts";
import { type TestUser, useStandIns } from "./support/stand-ins.ts";

const gateway = "http://localhost:8787";

describe.skipIf(!hasTables)(`signing in by mail and by OAuth (${tablesName})`, () => {
  const standIns = useStandIns();
  const log = captureLog();
  let user: TestUser;

  beforeEach(async () => {
    user = await standIns().createUser();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const mailTo = (address: string) => standIns().supabase.server.outbox.findLast(({ to }) => to === address);
  /** Opens a link outside of the gateway as a browser does, and gives the path of ours that it leads to. */
  const follow = async (link: string): Promise<string> => {
    const response = await fetch(link, { redirect: "manual" });
    const location = response.headers.get("location") ?? "";
    expect(location.startsWith(`${gateway}/`), location).toBe(true);
    const url = new URL(location);
    return `${url.pathname}${url.search}`;
  };
  const who = async (browser: Browser): Promise<unknown> =>
    (await browser.get("/api/auth/session")).data<{ user: { email: string } }>().user?.email;
  const expectSignedOut = async (browser: Browser): Promise<void> => {
    expect((await browser.get("/api/auth/session")).status).toBe(401);
  };
  const expectLinkError = (reply: HttpReply): void => {
    expect(reply.status).toBe(303);
    expect(reply.headers.location).toBe("/dashboard/sign-in?error=link");
  };

  describe("a magic link", () => {
    const ask = async (browser: Browser, next?: string): Promise<string> => {
      const reply = await browser.post("/api/auth/magic-link", {
        email: user.email,
        ...(next === undefined ? {} : { next }),
      });
      expect(reply.status, reply.text).toBe(202);
      return mailTo(user.email)?.link ?? "";
    };

    it("signs in the browser that asked for it, and leads on to the local path that it named", async () => {
      const browser = new Browser();
      const link = await ask(browser, "/dashboard/keys?tab=1");
      await expectSignedOut(browser);
      const reply = await browser.get(await follow(link));
      expect(reply.status).toBe(303);
      expect(reply.headers.location).toBe("/dashboard/keys?tab=1");
      expect(await who(browser)).toBe(user.email);
    });

    it("signs in no other browser: the code is worth nothing without the verifier in the first one's cookie", async () => {
      const browser = new Browser();
      const path = await follow(await ask(browser));
      const thief = new Browser();
      expectLinkError(await thief.get(path));
      await expectSignedOut(thief);
      // And is still worth something to who asked.
      expect((await browser.get(path)).headers.location).toBe("/dashboard");
      expect(await who(browser)).toBe(user.email);
    });

    it("works once", async () => {
      const browser = new Browser();
      const link = await ask(browser);
      const path = await follow(link);
      await browser.get(path);
      await browser.post("/api/auth/sign-out");
      expectLinkError(await browser.get(path));
      await expectSignedOut(browser);
    });

    it("works for an hour, and is then led back to sign-in with a reason", async () => {
      const browser = new Browser();
      const link = await ask(browser);
      vi.setSystemTime(Date.now() + 3_601_000);
      const path = await follow(link);
      expectLinkError(await browser.get(path));
    });

    it("answers for an unknown address as for a known one", async () => {
      const known = await new Browser().post("/api/auth/magic-link", { email: user.email });
      const unknown = await new Browser().post("/api/auth/magic-link", { email: `${randomUUID()}@test.local` });
      expect([known.status, known.text]).toEqual([unknown.status, unknown.text]);
    });

    it("works under API Gateway's stage prefix", async () => {
      const browser = new Browser({ host: "localhost:8787", stage: "prod" });
      await browser.post("/api/auth/magic-link", { email: user.email, next: "/dashboard/usage" });
      const path = await follow(mailTo(user.email)?.link ?? "");
      expect(path.startsWith("/prod/api/auth/callback?")).toBe(true);
      const reply = await browser.get(path.slice("/prod".length));
      expect(reply.headers.location).toBe("/prod/dashboard/usage");
      expect(await who(browser)).toBe(user.email);
    });
  });

  describe("a reset of the password", () => {
    it("leads to where a new one is set; then the old one and all other sessions are worth nothing", async () => {
      const elsewhere = await new Browser().signIn(user);
      const browser = new Browser();
      expect((await browser.post("/api/auth/reset-password", { email: user.email })).status).toBe(202);
      const reply = await browser.get(await follow(mailTo(user.email)?.link ?? ""));
      expect(reply.headers.location).toBe("/dashboard/update-password");
      const password = "a new password";
      expect((await browser.post("/api/auth/update-password", { password })).status).toBe(204);
      await new Browser().signIn({ email: user.email, password });
      const old = await new Browser().post("/api/auth/sign-in", { email: user.email, password: user.password });
      expect(old.status).toBe(401);
      expect((await elsewhere.post("/api/v1/keys", { name: "Too late" })).status).toBe(401);
      expect(log.text()).not.toContain(password);
    });

    it("answers for an unknown address as for a known one, and sends nothing", async () => {
      const mails = standIns().supabase.server.outbox.length;
      const unknown = await new Browser().post("/api/auth/reset-password", { email: `${randomUUID()}@test.local` });
      expect(standIns().supabase.server.outbox).toHaveLength(mails);
      const known = await new Browser().post("/api/auth/reset-password", { email: user.email });
      expect([known.status, known.text]).toEqual([unknown.status, unknown.text]);
    });

    it("takes no new password without a session, nor one that is too weak or the same", async () => {
      expect((await new Browser().post("/api/auth/update-password", { password: "a new password" })).status).toBe(401);
      const browser = await new Browser().signIn(user);
      expect((await browser.post("/api/auth/update-password", { password: "short" })).error().code).toBe("BAD_REQUEST");
      const same = await browser.post("/api/auth/update-password", { password: user.password });
      expect(same.error()).toMatchObject({ code: "BAD_REQUEST", param: "password" });
      await new Browser().signIn(user);
    });
  });

  describe("OAuth", () => {
    const start = async (browser: Browser, path = "/api/auth/oauth/github"): Promise<string> => {
      const reply = await browser.get(path);
      expect(reply.status, reply.text).toBe(303);
      return reply.headers.location ?? "";
    };

    it("goes out with a PKCE challenge and comes back signed in", async () => {
      const browser = new Browser();
      const out = new URL(await start(browser, "/api/auth/oauth/github?next=/dashboard/usage"));
      expect(out.origin).toBe(standIns().supabase.server.url);
      expect(out.searchParams.get("provider")).toBe("github");
      expect(out.searchParams.get("code_challenge_method")).toBe("s256");
      expect(out.searchParams.get("code_challenge")).toMatch(/^[\w-]{43}$/);
      const back = await browser.get(await follow(out.href));
      expect([back.status, back.headers.location]).toEqual([303, "/dashboard/usage"]);
      expect(await who(browser)).toBe("github.user@example.com");
    });

    it("comes back in vain to another browser: the code is bound to the verifier", async () => {
      const path = await follow(await start(new Browser()));
      const thief = new Browser();
      expectLinkError(await thief.get(path));
      await expectSignedOut(thief);
      const another = new Browser();
      await start(another);
      expectLinkError(await another.get(path));
    });

    it("lets a browser that gave up several times sign in, without cookies that grow with each", async () => {
      const browser = new Browser();
      for (let index = 0; index < 12; index++) await start(browser);
      expect(browser.cookieHeader.length).toBeLessThan(4_000);
      const back = await browser.get(await follow(await start(browser)));
      expect(back.headers.location).toBe("/dashboard");
      expect(await who(browser)).toBe("github.user@example.com");
    });

    it.each(["facebook", "", "github%2F..", "constructor", "__proto__", "%F0%9F%98%80"])(
      "is a 404 by %j",
      async (provider) => {
        const reply = await new Browser().send({ path: `/api/auth/oauth/${provider === "" ? "%20" : provider}` });
        expect(reply.error()).toMatchObject({ code: "NOT_FOUND" });
      },
    );
  });

  describe("the callback", () => {
    it.each([
      "",
      "?code=",
      "?code=made-up",
      "?code=%00",
      `?code=${"a".repeat(3_000)}`,
      "?token_hash=made-up&type=constructor",
      "?token_hash=made-up",
      "?type=recovery",
      "?error=access_denied&error_code=otp_expired&error_description=%3Cscript%3E",
      "?code=a&code=b",
      "?__proto__=1",
    ])("leads back to sign-in for %j, never to a fault", async (query) => {
      const browser = new Browser();
      expectLinkError(await browser.get(`/api/auth/callback${query}`));
      await expectSignedOut(browser);
    });

    it("leaves whoever is signed in signed in when a bad link is opened", async () => {
      const browser = await new Browser().signIn(user);
      expectLinkError(await browser.get("/api/auth/callback?code=made-up"));
      expect(await who(browser)).toBe(user.email);
    });

    it("takes the token hash of a mail, as a template may send it", async () => {
      const browser = new Browser();
      await browser.post("/api/auth/magic-link", { email: user.email });
      const mail = mailTo(user.email);
      const reply = await browser.get(
        `/api/auth/callback?token_hash=${mail?.tokenHash}&type=magiclink&next=/dashboard/keys`,
      );
      expect(reply.headers.location).toBe("/dashboard/keys");
      expect(await who(browser)).toBe(user.email);
    });

    const hostile = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.webUrl(),
      fc.constantFrom(
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "///evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/%2F/evil.example",
        "/..//evil.example",
        "/.//evil.example",
        " //evil.example",
        "/@evil.example",
        "/:80",
      ),
      fc
        .array(fc.constantFrom("/", "\\", "%2F", "%5C", ".", "@", ":", "\t", "\r", "\n", "evil.example", "?", "#"), {
          maxLength: 8,
        })
        .map((parts) => parts.join("")),
    );

    it("never leads off the site, whatever `next` is", () => {
      fc.assert(
        fc.property(hostile, fc.constantFrom("http://localhost:8787", "https://api.example.com"), (next, origin) => {
          const path = safeNext(next);
          expect(path.startsWith("/")).toBe(true);
          // What a browser makes of a Location header.
          expect(new URL(path, `${origin}/api/auth/callback`).origin).toBe(origin);
          expect(new URL(`/prod${path}`, origin).origin).toBe(origin);
          expect(path).not.toMatch(/[\r\n\0]/);
        }),
        { numRuns: runs(2_000) },
      );
    });

    it.each([
      "//evil.example",
      "https://evil.example",
      "/\\evil.example",
      "/%0d%0aset-cookie:a=b",
      "javascript:alert(1)",
    ])("leads to the dashboard instead of to next=%s", async (next) => {
      const browser = new Browser();
      await browser.post("/api/auth/magic-link", { email: user.email, next });
      const path = await follow(mailTo(user.email)?.link ?? "");
      const reply = await browser.get(`${path}&next=${encodeURIComponent(next)}`);
      const target = new URL(reply.headers.location ?? "", gateway);
      expect(target.origin).toBe(gateway);
      expect(reply.headers.location).not.toMatch(/[\r\n]/);
    });

    it("keeps every local path that the dashboard has", () => {
      for (const path of ["/dashboard", "/dashboard/keys", "/dashboard/usage?from=2026-11-01&to=2026-11-20#day"]) {
        expect(safeNext(path)).toBe(path);
      }
      expect(safeNext(undefined)).toBe("/dashboard");
    });
  });
});
