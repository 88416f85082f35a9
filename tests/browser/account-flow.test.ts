import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { useCloud } from "#tests/support/cloud.ts";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { pressOn, tabTo, typeInto } from "./support/keyboard.ts";

/** What people do with their account and its settings, by keyboard alone, against the whole gateway. */

describe.skipIf(!hasChromium)(`The account on a running gateway${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const cloud = useCloud({ flags: ["--stage", "live"], env: { RATE_LIMIT_SCALE: "100" } });

  const dashboard = (path: string): string => `${cloud().url}/dashboard/${path}`;
  const heading = (page: Page, name: string): Promise<void> =>
    page.getByRole("heading", { name, level: 1, exact: true }).waitFor();

  const signIn = async (page: Page, email: string, password: string): Promise<void> => {
    await typeInto(page, page.getByLabel("Email"), email);
    await typeInto(page, page.getByLabel("Password"), password);
    await page.keyboard.press("Enter");
  };

  /** A page of a new user who signs in and is led where they wanted to go. */
  const visit = async (path: string, title: string) => {
    const user = await cloud().createUser();
    const opened = await open({ permissions: ["clipboard-read", "clipboard-write"], reducedMotion: "reduce" });
    await opened.page.goto(dashboard(path));
    await signIn(opened.page, user.email, user.password);
    await heading(opened.page, title);
    return { ...opened, user };
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

  test("an account shows its limits, is exported as one file, and is deleted", async () => {
    const { page, faults, user } = await visit("account", "Account");
    const { key } = await cloud().createKey({ userId: user.userId });
    expect(await chatStatus(key)).toBe(200);

    const limits = page.getByRole("region", { name: "Limits" });
    await limits.getByText("of $5.00 spent").waitFor();
    expect(await limits.textContent()).toContain("of $1.00 spent");

    const downloading = page.waitForEvent("download");
    await pressOn(page, page.getByRole("button", { name: "Download my data" }));
    const download = await downloading;
    await page.getByText("Your browser has saved the file.").waitFor();
    expect(download.suggestedFilename()).toMatch(/^concurred-account-\d{4}-\d\d-\d\d\.jsonl$/);
    const lines = (await readFile(await download.path(), "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(lines[0]).toMatchObject({ type: "account", userId: user.userId, email: user.email });
    expect(lines.map(({ type }) => type)).not.toContain("next");

    await pressOn(page, page.getByRole("button", { name: "Delete account…" }));
    const dialog = page.getByRole("dialog", { name: "Delete your account" });
    const phrase = dialog.getByLabel(`Type ${user.email} to confirm`);
    const password = dialog.getByLabel("Password (optional)");
    await typeInto(page, phrase, "something else");
    await page.keyboard.press("Enter");
    expect(await phrase.evaluate((input: HTMLInputElement) => input.validity.patternMismatch)).toBe(true);
    await page.keyboard.press("Control+A");
    await page.keyboard.type(user.email);
    await typeInto(page, password, "not the password");
    await page.keyboard.press("Enter");
    await dialog.getByRole("alert").getByText("The password is wrong.").waitFor();
    expect(await chatStatus(key)).toBe(200);

    await tabTo(page, password);
    await page.keyboard.press("Control+A");
    await page.keyboard.type(user.password);
    await page.keyboard.press("Enter");
    await heading(page, "Your account is being deleted");
    expect(await chatStatus(key)).not.toBe(200);
    await page.goto(dashboard("account"));
    await heading(page, "Sign in");
    expect(faults).toEqual([]);
  });

  test("a password is changed, its error goes with the next try, and all sessions are ended", async () => {
    const { page, user } = await visit("account", "Account");
    const section = page.getByRole("region", { name: "Password" });
    const current = section.getByLabel("Current password (optional)");
    const fresh = "another good password";
    await typeInto(page, current, "not the password");
    await typeInto(page, section.getByLabel("New password"), fresh);
    await page.keyboard.press("Enter");
    await section.getByRole("alert").getByText("The password is wrong.").waitFor();
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Control+A");
    await page.keyboard.type(user.password);
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("Your password has been changed.").waitFor();
    expect(await section.getByRole("alert").count()).toBe(0);
    expect(await current.inputValue()).toBe("");

    const { page: other } = await open();
    await other.goto(dashboard("account"));
    await signIn(other, user.email, fresh);
    await heading(other, "Account");

    await pressOn(page, page.getByRole("button", { name: "Sign out everywhere" }));
    await pressOn(page, page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }));
    await heading(page, "Sign in");
    const elsewhere = await other.request.post(`${cloud().baseUrl}/keys`, {
      data: { name: "Elsewhere" },
      headers: { origin: new URL(cloud().url).origin },
    });
    expect(elsewhere.status()).toBe(401);
  });
});
