import { randomUUID } from "node:crypto";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { eventually, useCloud } from "#tests/support/cloud.ts";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { choose, pressOn, typeInto } from "./support/keyboard.ts";
import { chooseFor } from "./support/menu.ts";
import { pickModel } from "./support/pick-model.ts";

/** What people do on the dashboard, against the whole gateway as `npm start` runs it, under a stage prefix. */

const newPassword = "a new and longer password";

describe.skipIf(!hasChromium)(`The dashboard on a running gateway${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const cloud = useCloud({ flags: ["--stage", "live"], env: { RATE_LIMIT_SCALE: "100" } });

  const dashboard = (path: string): string => `${cloud().url}/dashboard/${path}`;

  const heading = (page: Page, name: string): Promise<void> =>
    page.getByRole("heading", { name, level: 1, exact: true }).waitFor();

  const fillSignIn = async (page: Page, email: string, password: string): Promise<void> => {
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  };

  /** A page of a new user who has signed in. */
  const signedIn = async () => {
    const user = await cloud().createUser();
    const opened = await open({ permissions: ["clipboard-read", "clipboard-write"], reducedMotion: "reduce" });
    await opened.page.goto(dashboard(""));
    await fillSignIn(opened.page, user.email, user.password);
    await heading(opened.page, "Keys");
    return { ...opened, user };
  };

  /** Makes a key by the dialog, by keyboard alone, and returns it. The dialog stays open. */
  const createKey = async (page: Page, name: string): Promise<string> => {
    await pressOn(page, page.getByRole("button", { name: "Create New Key" }));
    await typeInto(page, page.getByLabel("Name", { exact: true }), name);
    // Tab has selected what is there.
    await typeInto(page, page.getByLabel("Rate limit (requests per minute)"), "120");
    await choose(page, page.getByLabel("Expires"), "In 90");
    await pressOn(page, page.getByRole("button", { name: "Create key" }));
    return page.getByLabel("Your new API key").inputValue();
  };

  const ask = async (page: Page, message: string): Promise<void> => {
    await page.getByLabel("Message").fill(message);
    await page.getByLabel("Message").press("Enter");
  };

  const chatStatus = async (key: string): Promise<number> => {
    const response = await fetch(`${cloud().baseUrl}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt", messages: [{ role: "user", content: "Hello" }] }),
    });
    await response.text();
    return response.status;
  };

  /** The link of the newest mail to an address. */
  const mailedLink = (email: string): Promise<string> =>
    eventually(() => {
      const line = cloud()
        .screen()
        .split("\n")
        .findLast((text) => text.includes(`Mail to ${email} `));
      const link = line === undefined ? undefined : /https?:\S+/.exec(line)?.[0];
      if (link === undefined) throw new Error(`No mail to ${email} was sent`);
      return link;
    });

  test("a key is made, copied, used in the playground, counted, disabled and revoked", async () => {
    const { page, faults } = await signedIn();
    const name = "Ключ № 1 – 試験 🧪";
    const key = await createKey(page, name);
    expect(key).toMatch(/^ck_\w{16,}$/);
    await page.getByRole("button", { name: "Copy key" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key);

    await page.getByRole("button", { name: "Try it in the playground" }).click();
    await heading(page, "Playground");
    await pickModel(page, "claude");
    await ask(page, "Hello [[simulate: text=Two voices, one answer.]]");
    await page.locator(".turn.assistant").getByText("Two voices, one answer.").waitFor();
    await page.getByText(/\d+ in, \d+ out/).waitFor();
    await page.getByRole("button", { name: "This call" }).click();
    const curl = (await page.getByLabel("curl code").textContent()) ?? "";
    expect(curl).toContain(`${cloud().baseUrl}/chat/completions`);
    expect(curl).not.toContain(key);
    await page.keyboard.press("Escape");

    const usageShown = async (): Promise<void> => {
      await page.goto(dashboard("usage"));
      await heading(page, "Usage");
      const tile = page.locator(".tile", { hasText: "Requests" }).first();
      expect(await tile.locator(".tile-value").textContent({ timeout: 1_000 })).toBe("1");
    };
    await eventually(usageShown);
    await page.getByRole("rowheader", { name }).waitFor();

    await page.getByRole("link", { name: "Keys", exact: true }).click();
    const row = page.getByRole("row").filter({ hasText: name });
    await row.getByRole("cell", { name: `${key.slice(0, 7)}…` }).waitFor();
    await row.getByRole("cell", { name: "120 / min" }).waitFor();
    await chooseFor(page, name, "Disable");
    await row.getByText("Disabled").waitFor();
    expect(await chatStatus(key)).toBe(401);
    await chooseFor(page, name, "Enable");
    await row.getByText("Disabled").waitFor({ state: "detached" });
    expect(await chatStatus(key)).toBe(200);

    await chooseFor(page, name, "Revoke");
    await page.getByRole("dialog").getByRole("button", { name: "Revoke key" }).click();
    await page.getByText("No keys yet").waitFor();
    expect(await chatStatus(key)).toBe(401);
    expect(faults).toEqual([]);
  });

  test("a rotated key is replaced by one that works, and the old one stops", async () => {
    const { page } = await signedIn();
    const old = await createKey(page, "To be rotated");
    await page.getByRole("button", { name: "Copy key" }).click();
    await page.getByRole("button", { name: "Done" }).click();
    await chooseFor(page, "To be rotated", "Rotate");
    await page.getByLabel("Old key expires").selectOption("0");
    await page.getByRole("dialog").getByRole("button", { name: "Rotate key" }).click();
    const rotated = await page.getByLabel("Your new API key").inputValue();
    expect(rotated).not.toBe(old);
    expect(await chatStatus(rotated)).toBe(200);
    expect(await chatStatus(old)).toBe(401);
  });

  test("Stop ends a running answer at the gateway and keeps what had come", async () => {
    const { page } = await signedIn();
    await createKey(page, "For the playground");
    await page.getByRole("button", { name: "Try it in the playground" }).click();
    await ask(page, "Count [[simulate: chunks=2000 chunk-delay-ms=20]]");
    const answer = page.locator(".turn.assistant .markdown");
    await eventually(async () => expect((await answer.textContent())?.length).toBeGreaterThan(20));
    const cancelling = page.waitForResponse((response) => response.url().endsWith("/cancel"));
    await page.getByRole("button", { name: "Stop" }).click();
    expect((await cancelling).status()).toBe(202);
    await page.getByText("· stopped").waitFor();
    await page.getByRole("button", { name: "Send" }).waitFor();
    expect((await answer.textContent())?.length).toBeGreaterThan(20);
  });

  test("signing out ends the session here and for every later call", async () => {
    const { page } = await signedIn();
    await page.getByRole("button", { name: "Sign out" }).click();
    await heading(page, "Sign in");
    await page.goto(dashboard("usage"));
    await heading(page, "Sign in");
    expect(page.url()).toBe(dashboard("sign-in?next=usage"));
  });

  test("a wrong password says so, and says nothing of whether the address is known", async () => {
    const user = await cloud().createUser();
    const { page } = await open();
    const messages: (string | null)[] = [];
    for (const email of [user.email, `${randomUUID()}@test.local`]) {
      await page.goto(dashboard("sign-in"));
      await fillSignIn(page, email, "not the password");
      messages.push(await page.getByRole("alert").locator("p").first().textContent());
    }
    expect(messages[0]).toBe(messages[1]);
    await heading(page, "Sign in");
  });

  test("a new account, made by keyboard alone, is signed in, or told to look for its mail", async () => {
    const { page } = await open();
    const email = `${randomUUID()}@test.local`;
    await page.goto(dashboard(""));
    await pressOn(page, page.getByRole("link", { name: "Create an account" }));
    await typeInto(page, page.getByLabel("Email"), email);
    await typeInto(page, page.getByLabel("Password"), "long enough a password");
    await pressOn(page, page.getByRole("button", { name: "Create account" }));
    const inside = page.getByRole("heading", { name: "Keys", level: 1 });
    await inside.or(page.getByRole("heading", { name: "Check your email" })).waitFor();
    if (await inside.isVisible()) return;
    await page.goto(await mailedLink(email));
    await heading(page, "Keys");
  });

  test("the link of a mail signs in and leads to the page that was asked for", async () => {
    const user = await cloud().createUser();
    const { page } = await open();
    await page.goto(dashboard("usage"));
    await page.getByLabel("Email").fill(user.email);
    await page.getByRole("button", { name: "Email me a sign-in link" }).click();
    await page.getByText("a link is on its way").waitFor();
    await page.goto(await mailedLink(user.email));
    await heading(page, "Usage");
  });

  test("another browser asks before the link of a mail signs it in, and keeps no token in its address", async () => {
    const user = await cloud().createUser();
    const { page: asking } = await open();
    await asking.goto(dashboard("sign-in"));
    await asking.getByLabel("Email").fill(user.email);
    await asking.getByRole("button", { name: "Email me a sign-in link" }).click();
    await asking.getByText("a link is on its way").waitFor();
    const { page } = await open();
    await page.goto(await mailedLink(user.email));
    await heading(page, `Sign in as ${user.email}?`);
    expect(page.url()).toBe(dashboard("confirm-sign-in"));
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await heading(page, "Keys");
    await page.goto(await mailedLink(user.email));
    await page.getByText(`You are signed in as ${user.email}`).waitFor();
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText("used already").waitFor();
  });

  test("a forgotten password is replaced by way of a mail, by keyboard alone", async () => {
    const user = await cloud().createUser();
    const { page } = await open();
    await page.goto(dashboard("sign-in"));
    await pressOn(page, page.getByRole("link", { name: "Forgot your password?" }));
    await typeInto(page, page.getByLabel("Email"), user.email);
    await pressOn(page, page.getByRole("button", { name: "Send the link" }));
    await page.getByText("a link is on its way").waitFor();
    await page.goto(await mailedLink(user.email));
    await heading(page, "Choose a new password");
    await typeInto(page, page.getByLabel("New password"), newPassword);
    await pressOn(page, page.getByRole("button", { name: "Set password" }));
    await heading(page, "Keys");
    await pressOn(page, page.getByRole("button", { name: "Sign out" }));
    await fillSignIn(page, user.email, newPassword);
    await heading(page, "Keys");
  });

  test("GitHub's button leads through OAuth and back", async () => {
    const { page } = await open();
    await page.goto(dashboard("provider-keys"));
    await page.getByRole("link", { name: "Continue with GitHub" }).click();
    await heading(page, "Provider keys");
  });

  test("a link that was used already says so", async () => {
    const { page } = await open();
    await page.goto(`${cloud().url}/api/auth/callback?code=${randomUUID()}&next=/dashboard/keys`);
    await page.getByRole("alert").getByText("Sign-in failed").waitFor();
  });
});
