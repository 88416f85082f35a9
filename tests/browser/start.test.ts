import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { fakeApi, ok } from "./support/fake-api.ts";
import { pressOn } from "./support/keyboard.ts";
import { lookAt } from "./support/look-at.ts";
import { usePageServer } from "./support/page-server.ts";
import { chatKey, limits, requests } from "./support/sample-data.ts";

/** The first page of a new user: what it tells to copy is what the guide says, with the real address. */

const guide = join(import.meta.dirname, "../../docs/guide/clients.md");

describe.skipIf(!hasChromium)(`Get started in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  let logged: readonly object[] = [];

  const visit = async () => {
    const { page, faults } = await open({
      reducedMotion: "reduce",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    logged = requests.filter(({ keyId }) => keyId === "playground");
    const calls = await fakeApi(page, {
      "GET v1/limits": ok(limits),
      "GET v1/keys": ok([]),
      "POST v1/keys": ok({ keyId: "key_1", key: chatKey, name: "First key" }, 201),
      "GET v1/usage": ok({ totalRequests: 8, totalTokens: 0, totalCost: 0, errors: 1, byModel: {} }),
      "GET v1/requests": () => ok({ requests: logged, nextCursor: null }),
    });
    await page.goto(`${url()}/dashboard/start`);
    await page.getByRole("heading", { name: "Get started", level: 1 }).waitFor();
    return { page, faults, calls };
  };

  test("copies each client's configuration as the guide has it, with this gateway's address", async () => {
    const { page, faults } = await visit();
    const text = (await readFile(guide, "utf8")).replaceAll("<origin>", url());
    const connect = page.getByRole("region", { name: "Connect a client" });
    for (const client of ["Anthropic SDK", "Claude Code", "Codex", "opencode"]) {
      await connect.getByRole("button", { name: client, exact: true }).click();
      await connect.getByRole("button", { name: "Copy", exact: true }).click();
      await connect.getByRole("button", { name: "Copied" }).waitFor();
      expect(text, client).toContain(`\n${await page.evaluate(() => navigator.clipboard.readText())}\n`);
      await connect.getByRole("button", { name: "Copy", exact: true }).waitFor();
    }
    for (const client of ["curl", "Python", "TypeScript", "AI SDK", "LangChain"]) {
      await connect.getByRole("button", { name: client, exact: true }).click();
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
    await today.getByText("8 requests today, 1 error").waitFor();
    await pressOn(page, today.getByRole("link", { name: "8 requests" }));
    await page.getByRole("heading", { name: "Usage", level: 1 }).waitFor();
  });

  test("makes a key by keyboard, puts it into the text, and sees the first request come by itself", async () => {
    const { page, faults, calls } = await visit();
    const first = page.getByRole("region", { name: "First request" });
    await first.getByText("Waiting for your first request…").waitFor();
    await pressOn(page, page.getByRole("button", { name: "Create a key" }));
    expect(await page.getByLabel("Your new API key").inputValue()).toBe(chatKey);
    expect(await page.getByLabel("Configuration for curl").textContent()).toContain(`Bearer ${chatKey}`);
    expect(calls.find(({ name }) => name === "POST v1/keys")?.body).toEqual({ name: "First key", rateLimit: 60 });
    const codex = page.getByRole("button", { name: "Codex", exact: true });
    await pressOn(page, codex);
    expect(await codex.getAttribute("aria-pressed")).toBe("true");
    await pressOn(page, page.getByRole("button", { name: "curl", exact: true }));
    await lookAt(page, "start-key");
    logged = requests.map((request) => ({ ...request, keyId: "key_1" }));
    await first.getByText("Your key works: the first request arrived.").waitFor();
    expect(await first.getByRole("row").count()).toBe(4);
    await lookAt(page, "start-done");
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    expect(kept).not.toContain("ck_");
    expect(faults).toEqual([]);
  });
});
