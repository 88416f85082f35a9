import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, failed, fakeApi, ok } from "./support/fake-api.ts";
import { usePageServer } from "./support/page-server.ts";
import { keys } from "./support/sample-data.ts";

/** Small promises of several pages. */

describe.skipIf(!hasChromium)(`Small promises of the dashboard${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (path: string, answers: Answers, width = 1280): Promise<Page> => {
    const { page } = await open({ viewport: { width, height: 800 }, reducedMotion: "reduce" });
    await fakeApi(page, answers);
    await page.goto(`${url()}/dashboard/${path}`);
    return page;
  };

  test("Escape closes the menu of a narrow screen and returns the focus to its button", async () => {
    const page = await visit("keys", { "GET v1/keys": ok(keys) }, 390);
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByRole("link", { name: "Usage" }).focus();
    await page.keyboard.press("Escape");
    const button = page.getByRole("button", { name: "Menu" });
    expect(await button.getAttribute("aria-expanded")).toBe("false");
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test("a refused password leaves no message next to a later success", async () => {
    const page = await visit("sign-in", {
      "GET auth/session": failed(401, "UNAUTHORIZED", "Sign in first."),
      "POST auth/sign-in": failed(401, "UNAUTHORIZED", "Wrong email or password."),
      "POST auth/magic-link": ok({}),
    });
    await page.getByLabel("Email").fill("ada@example.com");
    await page.getByLabel("Password").fill("not-the-password");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText("Wrong email or password.").waitFor();
    await page.getByRole("button", { name: "Email me a sign-in link" }).click();
    await page.getByText("a link is on its way").waitFor();
    expect(await page.getByText("Wrong email or password.").count()).toBe(0);
  });
});
