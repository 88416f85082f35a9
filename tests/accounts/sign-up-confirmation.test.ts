import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { Browser } from "./support/gateway.ts";
import { captureLog } from "./support/log.ts";
import { useStandIns } from "./support/stand-ins.ts";

describe.skipIf(!hasTables)(`signing up where addresses must be confirmed (${tablesName})`, () => {
  const standIns = useStandIns({ signUps: { confirmEmail: true } });
  captureLog();
  const password = "a good password";
  const signUp = (browser: Browser, email: string) => browser.post("/api/auth/sign-up", { email, password });
  const callbackOf = async (email: string): Promise<string> => {
    const mail = standIns().supabase.server.outbox.findLast(({ to }) => to === email);
    const response = await fetch(mail?.link ?? "", { redirect: "manual" });
    const { pathname, search } = new URL(response.headers.get("location") ?? "");
    return `${pathname}${search}`;
  };

  it("is a 202 without a session, and the mail's link signs in", async () => {
    const browser = new Browser();
    const email = `${randomUUID()}@test.local`;
    const reply = await signUp(browser, email);
    expect([reply.status, reply.data()]).toEqual([202, { user: { email }, confirmation: "sent" }]);
    expect((await browser.get("/api/auth/session")).status).toBe(401);
    // Not confirmed yet: the answer is that of a wrong password.
    expect((await new Browser().post("/api/auth/sign-in", { email, password })).status).toBe(401);
    const back = await browser.get(await callbackOf(email));
    expect(back.headers.location).toBe("/dashboard");
    expect((await browser.get("/api/auth/session")).data()).toMatchObject({ user: { email } });
    await new Browser().signIn({ email, password });
  });

  it("confirms no address for a browser that did not ask", async () => {
    const email = `${randomUUID()}@test.local`;
    await signUp(new Browser(), email);
    const other = new Browser();
    await other.get(await callbackOf(email));
    expect((await other.get("/api/auth/session")).status).toBe(401);
  });

  it("does not tell that an address has an account", async () => {
    const user = await standIns().createUser();
    const known = await signUp(new Browser(), user.email);
    const fresh = await signUp(new Browser(), `${randomUUID()}@test.local`);
    expect(known.status).toBe(fresh.status);
    expect(Object.keys(known.data())).toEqual(Object.keys(fresh.data()));
    await new Browser().signIn(user);
  });
});
