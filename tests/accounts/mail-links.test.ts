import { beforeEach, describe, expect, it } from "vitest";
import { templateLink } from "#infra/local/supabase/mail-template.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { Browser, type HttpReply } from "./support/gateway.ts";
import { captureLog } from "./support/log.ts";
import { type TestUser, useStandIns } from "./support/stand-ins.ts";

/** Mails whose link leads to the gateway with a token's hash, as docs/operations/deployment.md asks for. */
describe.skipIf(!hasTables)(`the links of mails (${tablesName})`, () => {
  const standIns = useStandIns({ mailLink: templateLink, signUps: { confirmEmail: true } });
  captureLog();
  let user: TestUser;
  beforeEach(async () => {
    user = await standIns().createUser();
  });

  const linkTo = (address: string): string => {
    const mail = standIns().supabase.server.outbox.findLast(({ to }) => to === address);
    const { pathname, search } = new URL(mail?.link ?? "");
    return `${pathname}${search}`;
  };
  const who = async (browser: Browser): Promise<string | undefined> => {
    const reply = await browser.get("/api/auth/session");
    return reply.status === 200 ? reply.data<{ user: { email: string } }>().user.email : undefined;
  };
  /** What the page that asks first is told, in the fragment. */
  const asked = (reply: HttpReply) => {
    expect(reply.status).toBe(303);
    const { pathname, search, hash } = new URL(reply.headers.location ?? "", "http://localhost");
    expect([pathname, search]).toEqual(["/dashboard/confirm-sign-in", ""]);
    return Object.fromEntries(new URLSearchParams(hash.slice(1)));
  };
  const confirm = (browser: Browser, { token_hash: tokenHash = "", type = "", email = "" }): Promise<HttpReply> =>
    browser.post("/api/auth/callback", { tokenHash, type, email });

  /** Each kind of mail that signs in, asked for by a browser. */
  const kinds: readonly (readonly [string, (browser: Browser) => Promise<string>])[] = [
    [
      "a magic link",
      async (browser) => {
        await browser.post("/api/auth/magic-link", { email: user.email, next: "/dashboard/usage" });
        return user.email;
      },
    ],
    [
      "a reset of the password",
      async (browser) => {
        await browser.post("/api/auth/reset-password", { email: user.email });
        return user.email;
      },
    ],
    [
      "the confirmation of an address",
      async (browser) => {
        const email = `new-${user.email}`;
        await browser.post("/api/auth/sign-up", { email, password: "a good password" });
        return email;
      },
    ],
  ];

  describe.each(kinds)("%s", (_, ask) => {
    it("signs in the browser that asked for it by one click", async () => {
      const browser = new Browser();
      const email = await ask(browser);
      const reply = await browser.get(linkTo(email));
      expect(reply.headers.location).toMatch(/^\/dashboard(\/usage|\/update-password)?$/);
      expect(await who(browser)).toBe(email);
    });

    it("signs in no other browser by GET, and asks it who it is", async () => {
      const attacker = new Browser();
      const email = await ask(attacker);
      const visitor = new Browser();
      const facts = asked(await visitor.get(linkTo(email)));
      expect(facts).toMatchObject({ email, token_hash: expect.stringMatching(/^pkce_/) });
      expect(visitor.cookies.size).toBe(0);
      expect(await who(visitor)).toBeUndefined();
    });

    it("is not used up by scanners that open it, however often", async () => {
      const browser = new Browser();
      const email = await ask(browser);
      for (let index = 0; index < 3; index++) {
        await new Browser().get(linkTo(email));
        await new Browser().send({ method: "HEAD", path: linkTo(email) });
      }
      await browser.get(linkTo(email));
      expect(await who(browser)).toBe(email);
    });

    it("signs in another browser whose visitor agrees to the address, once", async () => {
      const email = await ask(new Browser());
      const visitor = new Browser();
      const facts = asked(await visitor.get(linkTo(email)));
      const reply = await confirm(visitor, facts);
      expect(reply.status, reply.text).toBe(200);
      expect(reply.data()).toMatchObject({ user: { email } });
      expect(await who(visitor)).toBe(email);
      expect((await confirm(new Browser(), facts)).error().code).toBe("UNAUTHORIZED");
    });

    it("leaves whoever is signed in signed in", async () => {
      const visitor = await new Browser().signIn(await standIns().createUser());
      const before = await who(visitor);
      const email = await ask(new Browser());
      await visitor.get(linkTo(email));
      expect(await who(visitor)).toBe(before);
    });
  });

  const foreignLink = async (): Promise<Record<string, string>> => {
    const attacker = new Browser();
    await attacker.post("/api/auth/magic-link", { email: user.email });
    return asked(await new Browser().get(linkTo(user.email)));
  };

  it("does not sign in as somebody else than the page said, and leaves the visitor's own session", async () => {
    const victim = await standIns().createUser();
    const visitor = await new Browser().signIn(victim);
    const facts = await foreignLink();
    const reply = await confirm(visitor, { ...facts, email: victim.email });
    expect(reply.error().code).toBe("FORBIDDEN");
    expect(reply.setCookies).toEqual([]);
    expect(await who(visitor)).toBe(victim.email);
    const another = new Browser();
    expect((await confirm(another, { ...facts, email: victim.email })).status).not.toBe(200);
    expect(another.cookies.size).toBe(0);
  });

  it("takes an agreement from our own page only", async () => {
    const facts = await foreignLink();
    const body = { tokenHash: facts.token_hash, type: facts.type, email: facts.email };
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "", "sec-fetch-site": "cross-site" },
      { origin: "null" },
    ]) {
      const visitor = new Browser();
      const reply = await visitor.send({ method: "POST", path: "/api/auth/callback", headers, body });
      expect(reply.error().code).toBe("FORBIDDEN");
      expect(visitor.cookies.size).toBe(0);
    }
    expect((await confirm(new Browser(), facts)).status).toBe(200);
  });

  it("signs in as nobody by a link of another address than the browser asked for, with or without that address in it", async () => {
    const victim = await standIns().createUser();
    const visitor = new Browser();
    await visitor.post("/api/auth/magic-link", { email: victim.email });
    await new Browser().post("/api/auth/magic-link", { email: user.email });
    const link = linkTo(user.email);
    const cookies = visitor.cookieHeader;
    asked(await visitor.get(link));
    const lying = new URLSearchParams(link.split("?")[1]);
    lying.set("email", victim.email);
    const reply = await visitor.get(`/api/auth/callback?${lying}`);
    expect(reply.headers.location).toBe("/dashboard/sign-in?error=link");
    expect(reply.setCookies).toEqual([]);
    expect(visitor.cookieHeader).toBe(cookies);
    expect(await who(visitor)).toBeUndefined();
  });

  it("takes the token hash of a mail whose template does not name the address, in the browser that asked", async () => {
    const browser = new Browser();
    await browser.post("/api/auth/magic-link", { email: user.email.toUpperCase() });
    const query = new URLSearchParams(linkTo(user.email).split("?")[1]);
    query.delete("email");
    expect(asked(await new Browser().get(`/api/auth/callback?${query}`))).toMatchObject({ email: "" });
    await browser.get(`/api/auth/callback?${query}`);
    expect(await who(browser)).toBe(user.email);
  });

  it("keeps what was asked for in a cookie that no script reads and that names no address, until the link was used", async () => {
    const hosts = { "api.example.com": ["Secure"], "localhost:8787": [] };
    for (const [host, secure] of Object.entries(hosts)) {
      const { setCookies } = await new Browser({ host }).post("/api/auth/magic-link", { email: user.email });
      const cookie = setCookies.find((text) => text.startsWith("concurred-mail-link="));
      expect(cookie?.split("; ").slice(1)).toEqual(["Path=/", "Max-Age=3600", "HttpOnly", ...secure, "SameSite=Lax"]);
      expect(cookie).not.toContain(user.email.split("@")[0]);
    }
    const browser = new Browser();
    await browser.post("/api/auth/magic-link", { email: user.email });
    await browser.get(linkTo(user.email));
    expect(browser.cookies.has("concurred-mail-link")).toBe(false);
  });

  it.each([
    ["a token that is none", { tokenHash: "a b", type: "magiclink", email: "a@b.co" }],
    ["an unknown kind", { tokenHash: "abc", type: "sms", email: "a@b.co" }],
    ["no address", { tokenHash: "abc", type: "magiclink" }],
    ["more than it needs", { tokenHash: "abc", type: "magiclink", email: "a@b.co", next: "//evil.example" }],
  ])("refuses an agreement with %s", async (_, body) => {
    expect((await new Browser().post("/api/auth/callback", body)).status).toBe(400);
  });

  it("leads nowhere else by what the link says of itself", async () => {
    const reply = await new Browser().get(
      `/api/auth/callback?token_hash=abc&type=magiclink&email=${encodeURIComponent('"><script>\r\nset-cookie: a=b')}&next=//evil.example`,
    );
    expect(reply.headers.location).not.toMatch(/[\r\n<>"]/);
    expect(asked(reply)).toMatchObject({ next: "/dashboard", token_hash: "abc" });
  });
});
