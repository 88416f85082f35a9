import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { fakeApi, ok } from "./support/fake-api.ts";
import { usePageServer } from "./support/page-server.ts";
import { limits } from "./support/sample-data.ts";

/** The first page of a new user: what it tells to copy is what the guide says, with the real address. */

const guide = join(import.meta.dirname, "../../docs/guide/clients.md");

describe.skipIf(!hasChromium)(`Get started in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async () => {
    const { page, faults } = await open({
      reducedMotion: "reduce",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await fakeApi(page, { "GET v1/limits": ok(limits), "GET v1/keys": ok([]) });
    await page.goto(`${url()}/dashboard/start`);
    await page.getByRole("heading", { name: "Get started", level: 1 }).waitFor();
    return { page, faults };
  };

  test("copies each client's configuration as the guide has it, with this gateway's address", async () => {
    const { page, faults } = await visit();
    const text = (await readFile(guide, "utf8")).replaceAll("<origin>", url());
    const connect = page.getByRole("region", { name: "Connect a client" });
    for (const client of ["Anthropic SDK", "Claude Code", "Codex"]) {
      await connect.getByRole("button", { name: client }).click();
      await connect.getByRole("button", { name: "Copy", exact: true }).click();
      await connect.getByRole("button", { name: "Copied" }).waitFor();
      expect(text, client).toContain(`\n${await page.evaluate(() => navigator.clipboard.readText())}\n`);
      await connect.getByRole("button", { name: "Copy", exact: true }).waitFor();
    }
    for (const client of ["curl", "OpenAI SDK"]) {
      await connect.getByRole("button", { name: client }).click();
      expect(await page.getByLabel(`Configuration for ${client}`).textContent()).toContain(`${url()}/api/v1`);
    }
    expect(faults).toEqual([]);
  });

  test("shows what today costs and what is left of the cap, and leads to a key", async () => {
    const { page } = await visit();
    const today = page.getByRole("region", { name: "Today" });
    await today.getByText("$1.42 of $5.00 spent").waitFor();
    expect(await today.textContent()).toContain("$3.50 left until");
    expect(await today.textContent()).toContain("2 of 50 requests are running.");
    const urls = page.getByRole("region", { name: "Base URLs" });
    expect(await urls.locator("code").allTextContents()).toEqual([`${url()}/api/v1`, `${url()}/api`]);
    await page.getByRole("link", { name: "Create a key" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Keys", level: 1 }).waitFor();
  });
});
