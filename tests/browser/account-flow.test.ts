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

  const chatStatus = async (key: string, model = "gpt"): Promise<number> => {
    const response = await fetch(`${cloud().baseUrl}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }),
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

    const keptHere = (): Promise<readonly (string | undefined)[]> =>
      page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
    await page.evaluate((id) => {
      indexedDB.open(`concurred-kept-${id}`, 1).onsuccess = ({ target }) => (target as IDBOpenDBRequest).result.close();
    }, user.userId);
    await expect.poll(keptHere).toEqual([`concurred-kept-${user.userId}`]);

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
    await expect.poll(keptHere).toEqual([]);
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

  test("a provider key is tested, saved and seen to work, paused, renamed, refused twice, and removed", async () => {
    const { page, faults } = await visit("provider-keys", "Provider keys");
    const secret = "sk-ant-never-shown-again-9x7Q";
    const dialog = page.getByRole("dialog", { name: "Add a provider key" });
    await page.getByText("No provider keys").waitFor();
    await pressOn(page, page.getByRole("button", { name: "Add a key for Anthropic" }));
    await typeInto(page, dialog.getByLabel("Key", { exact: true }), "sk-ant-invalid-key");
    await pressOn(page, dialog.getByRole("button", { name: "Test", exact: true }));
    await dialog.getByText("Anthropic did not accept the key (status 401).").waitFor();
    expect(await dialog.getByRole("button", { name: "Save it anyway" }).count()).toBe(1);
    await tabTo(page, dialog.getByLabel("Key", { exact: true }));
    await page.keyboard.press("Control+A");
    await page.keyboard.type(secret);
    expect(await dialog.getByRole("alert").count()).toBe(0);
    await typeInto(page, dialog.getByLabel("Display name (optional)"), "Team Zürich");
    await page.keyboard.press("Enter");
    // Never "No provider keys" next to "is saved": the list has the new key as soon as the toast is there.
    await page.getByRole("status").getByText("Team Zürich is saved, and it works.").waitFor();
    expect(await page.getByText("No provider keys").count()).toBe(0);
    const row = page.getByRole("listitem").filter({ hasText: "Team Zürich" });
    await row.getByText("Serves Anthropic").waitFor();
    expect(await row.textContent()).toContain("9x7Q");
    expect(await page.content()).not.toContain(secret);
    await page.getByText("Connected, 1 key").waitFor();

    await pressOn(page, row.getByRole("switch", { name: "Team Zürich is in use" }), "Space");
    await row.getByText("Paused").waitFor();
    await page.keyboard.press("Space");
    await row.getByText("Serves Anthropic").waitFor();
    await pressOn(page, row.getByRole("button", { name: "Rename Team Zürich" }));
    await page.keyboard.press("Tab");
    await page.keyboard.type("Zürich");
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("The key is now called Zürich.").waitFor();

    await pressOn(page, page.getByRole("button", { name: "Add a key for Anthropic" }));
    await typeInto(page, dialog.getByLabel("Key", { exact: true }), secret);
    await tabTo(page, dialog.getByLabel("Slug"));
    await page.keyboard.press("Control+A");
    await page.keyboard.type("anthropic");
    await page.keyboard.press("Enter");
    await dialog.getByRole("alert").getByText("You already have a provider key with the slug anthropic.").waitFor();
    await page.keyboard.press("Escape");
    await pressOn(page, page.getByRole("button", { name: "Remove Zürich" }));
    await pressOn(page, page.getByRole("dialog").getByRole("button", { name: "Remove key" }));
    await page.getByText("No provider keys").waitFor();
    expect(faults).toEqual([]);
  });

  test("a custom server is added with its models' prices, and answers under its slug", async () => {
    const { page, user } = await visit("provider-keys", "Provider keys");
    const { key } = await cloud().createKey({ userId: user.userId });
    const dialog = page.getByRole("dialog", { name: "Add a provider key" });
    await pressOn(page, page.getByRole("button", { name: "Add a key for Another server" }));
    await typeInto(page, dialog.getByLabel("Key", { exact: true }), "none-needed-here");
    await typeInto(page, dialog.getByLabel("Base URL"), cloud().ready.local.simulatedProviders.openai ?? "");
    await pressOn(page, dialog.getByText("Describe models (optional)"));
    await pressOn(page, dialog.getByRole("button", { name: "Add a model" }));
    await typeInto(page, dialog.getByLabel("Model", { exact: true }), "gpt-4o-mini");
    await typeInto(page, dialog.getByLabel("Input, USD"), "1.5");
    await typeInto(page, dialog.getByLabel("Output, USD"), "3");
    await pressOn(page, dialog.getByRole("button", { name: "Save key" }));
    await page.getByRole("status").getByText("Another server is saved, and it works.").waitFor();
    const row = page.getByRole("listitem").filter({ hasText: "my-server/…" });
    await row.getByText("1 model").waitFor();
    expect(await chatStatus(key, "my-server/gpt-4o-mini")).toBe(200);
  });

  test("a preset is made, named in a request, changed with its provider preferences, and deleted", async () => {
    const { page, faults, user } = await visit("presets", "Presets");
    const { key } = await cloud().createKey({ userId: user.userId });
    await page.getByText("No presets yet").waitFor();
    await pressOn(page, page.getByRole("button", { name: "Create preset" }));
    const dialog = page.getByRole("dialog");
    await typeInto(page, dialog.getByLabel("Name", { exact: true }), "support");
    await typeInto(page, dialog.getByLabel("Model", { exact: true }), "no-such-model");
    const parameters = dialog.getByLabel("Parameters (optional)");
    await typeInto(page, parameters, '{"temprature": 0.2}');
    await dialog.getByText("A preset cannot set temprature.").first().waitFor();
    await page.keyboard.press("Control+A");
    await page.keyboard.type('{"temperature": 0.2}');
    await pressOn(page, dialog.getByRole("button", { name: "Create preset" }));
    await dialog.getByRole("alert").getByText("No chat model has this name.").waitFor();
    await tabTo(page, dialog.getByLabel("Model", { exact: true }));
    await page.keyboard.press("Control+A");
    await page.keyboard.type("claude");
    await pressOn(page, dialog.getByRole("button", { name: "Create preset" }));
    await page.getByRole("status").getByText("@preset/support is saved.").waitFor();
    expect(await chatStatus(key, "@preset/support")).toBe(200);

    await pressOn(page, page.getByRole("button", { name: "Copy name" }));
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("@preset/support");
    await pressOn(page, page.getByRole("button", { name: "Edit support" }));
    await pressOn(page, dialog.getByText("Provider preferences"));
    await typeInto(page, dialog.getByLabel("First in this order"), "openrouter, anthropic");
    await pressOn(page, dialog.getByRole("button", { name: "Save changes" }));
    const row = page.getByRole("listitem").filter({ hasText: "@preset/support" });
    await row.getByText("first openrouter, anthropic").waitFor();
    expect(await row.textContent()).toContain("temperature 0.2");
    expect(await chatStatus(key, "@preset/support")).toBe(200);

    await pressOn(page, page.getByRole("button", { name: "Delete support" }));
    await pressOn(page, dialog.getByRole("button", { name: "Delete preset" }));
    await page.getByText("No presets yet").waitFor();
    expect(await chatStatus(key, "@preset/support")).toBe(400);
    expect(faults).toEqual([]);
  });
});
