import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, fakeApi, ok } from "./support/fake-api.ts";
import { isCalm, maxInteractionMs, measureInteractions } from "./support/interactions.ts";
import { pressOn } from "./support/keyboard.ts";
import { lookAt } from "./support/look-at.ts";
import { chooseFor } from "./support/menu.ts";
import { usePageServer } from "./support/page-server.ts";
import { keys, usage } from "./support/sample-data.ts";

/** Keys as lines of a table: what each spent of what it may, searched, sorted, and quick with a thousand of them. */

const many = Array.from({ length: 1_000 }, (_, index) => ({
  keyId: `key_${index}`,
  name: `Service ${(index * 7_919) % 1_000}`,
  start: `ck_${String(index).padStart(4, "0")}`,
  rateLimit: 60 + index,
  enabled: index % 9 !== 0,
  createdAt: new Date(1_760_000_000_000 + index * 60_000).toISOString(),
  lastUsedAt: index % 3 === 0 ? null : new Date(Date.now() - index * 3_600_000).toISOString(),
  expiresAt: null,
}));

const limited = keys.map((key) => ({ ...key, limits: { "chat-completions": { limit: 60, windowSeconds: 60 } } }));

describe.skipIf(!hasChromium)(`Keys in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (list: readonly object[], answers: Answers = {}) => {
    const opened = await open({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
    const calls = await fakeApi(opened.page, { "GET v1/keys": ok(list), "GET v1/usage": ok(usage), ...answers });
    await opened.page.goto(`${url()}/dashboard/keys`);
    await opened.page.getByRole("region", { name: "Your keys" }).waitFor();
    return { ...opened, calls };
  };

  test("are one line each: spend of the budget, requests, and the limit that is enforced", async () => {
    const { page, faults } = await visit(limited);
    const row = page.getByRole("row", { name: /Production server/ });
    expect(await row.getByRole("cell").allTextContents()).toEqual([
      "ck_8Kd2…",
      expect.stringContaining("$97.00 of $250.00 this month"),
      "8,100",
      "60 / min",
      expect.stringContaining("minutes ago"),
      "",
    ]);
    expect(await row.getByRole("progressbar", { name: /Production server: \$153.00 left/ }).getAttribute("value")).toBe(
      "97",
    );
    await page
      .getByRole("row", { name: /評価環境/ })
      .getByText("Disabled")
      .waitFor();
    expect((await row.boundingBox())?.height).toBeLessThan(72);
    await lookAt(page, "keys-lines");
    const actions = await page.getByRole("button", { name: "Actions for Production server" }).boundingBox();
    expect((actions?.x ?? 0) + (actions?.width ?? 0), "a phone shows the actions").toBeLessThanOrEqual(360);
    expect(faults).toEqual([]);
  });

  test("are acted on from a menu, by keyboard alone", async () => {
    const { page, faults } = await visit(limited, { "PATCH v1/keys/key_1": ok({ ...limited[0], enabled: false }) });
    const button = page.getByRole("button", { name: "Actions for Production server" });
    await pressOn(page, button);
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    await page.getByRole("menuitem", { name: "Edit" }).waitFor();
    expect(await focused()).toBe("Edit");
    await lookAt(page, "keys-menu");
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.keyboard.press("Escape");
    // The browser hides it first, and tells the page a moment later.
    await page.getByRole("button", { name: "Actions for Production server", expanded: false }).waitFor();
    await page.getByRole("menu").waitFor({ state: "detached" });
    expect(await button.evaluate((one) => one === document.activeElement)).toBe(true);
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Edit" }).waitFor();
    await page.keyboard.press("ArrowUp");
    expect(await focused()).toBe("Revoke");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toBe("Disable");
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("Production server is disabled.").waitFor();
    await pressOn(page, button);
    await page.getByRole("menuitem", { name: "Edit" }).waitFor();
    for (const _ of ["Disable", "Usage"]) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Usage", level: 1 }).waitFor();
    expect(page.url()).toContain("?key=key_1");
    expect(faults).toEqual([]);
  });

  test("get a webhook for alerts, whose secret is shown once", async () => {
    const secret = "whsec_dGhpcyBpcyBhIHNlY3JldA";
    const { page, calls } = await visit(limited, {
      "PATCH v1/keys/key_1": ok({ ...limited[0], alertWebhookSecret: secret }),
    });
    await chooseFor(page, "Production server", "Edit");
    await page.getByLabel("Alert webhook (optional)").fill("https://example.com/hook");
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByRole("dialog", { name: "Copy your secret now" }).waitFor();
    expect(await page.getByLabel("Secret of the alert webhook").inputValue()).toBe(secret);
    expect(calls.findLast(({ name }) => name.startsWith("PATCH"))?.body).toEqual({
      alertWebhookUrl: "https://example.com/hook",
    });
    await lookAt(page, "keys-secret");
    await page.keyboard.press("Escape");
    await page.getByText("You have not copied the secret.").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.content()).not.toContain(secret);
  });

  test("get tags for their requests: a text that is none is named and not sent, and an unchanged one stays as it is", async () => {
    const tagged = { ...limited[0], tags: { note: "a,b", team: "search" } };
    const { page, calls, faults } = await visit([tagged], { "PATCH v1/keys/key_1": ok(tagged) });
    const sent = () => calls.filter(({ name }) => name.startsWith("PATCH")).map(({ body }) => body);
    await chooseFor(page, "Production server", "Edit");
    const field = page.getByLabel("Tags");
    const save = page.getByRole("button", { name: "Save changes" });
    expect(await field.inputValue()).toBe("note=a,b, team=search");
    await page.getByLabel("Name").fill("Search server");
    await save.click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(sent()).toEqual([{ name: "Search server" }]);
    await chooseFor(page, "Production server", "Edit");
    await field.fill("team=search, prod");
    await page.getByRole("status").getByText('"prod" is not a tag: write it as name=value.').waitFor();
    await save.click();
    await page.getByRole("alert").getByText('"prod" is not a tag').waitFor();
    await lookAt(page, "keys-tags");
    await field.fill("team = ads,\nenv=prod=eu,");
    await save.click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await chooseFor(page, "Production server", "Edit");
    await field.fill(" ");
    await save.click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(sent().slice(1)).toEqual([{ tags: { team: "ads", env: "prod=eu" } }, { tags: null }]);
    expect(faults).toEqual([]);
  });

  test("are found and sorted among a thousand, each interaction painted within 200 ms", async () => {
    const { page, faults } = await visit(many);
    await page.getByText("Show 50 more of 1,000").waitFor();
    const { interact, longestMs } = await measureInteractions(page);
    const names = () => page.locator(".keys .key-name").allTextContents();
    const search = page.getByLabel("Search");
    await interact("sort by name", () => page.getByRole("button", { name: "Name", exact: true }).click());
    expect((await names()).slice(0, 2)).toEqual(["Service 0", "Service 1"]);
    await interact("sort by limit", () => page.getByRole("button", { name: "Limit", exact: true }).click());
    await page.getByRole("cell", { name: "1,059 / min" }).waitFor();
    await search.focus();
    for (const key of ["c", "k", "_", "0", "9", "9"]) await interact(`type ${key}`, () => page.keyboard.press(key));
    await page.getByText("10 keys", { exact: true }).waitFor();
    await interact("clear", () => search.fill(""));
    await page.getByText("1,000 keys", { exact: true }).waitFor();
    await interact("show more", () => page.getByRole("button", { name: "Show 50 more of 1,000" }).click());
    expect((await names()).length).toBe(100);
    const actions = page.getByRole("button", { name: /^Actions for Service/ }).first();
    await actions.scrollIntoViewIfNeeded();
    await interact("open a menu", () => actions.click());
    await page.getByRole("menu").waitFor();
    if (isCalm()) expect(await longestMs()).toBeLessThan(maxInteractionMs);
    await page.keyboard.press("Escape");
    await page.getByLabel("Search").fill("nothing of the kind");
    await page.getByText("No matching keys").waitFor();
    expect(faults).toEqual([]);
  });
});
