import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, failed, fakeApi, ok } from "./support/fake-api.ts";
import { pressOn } from "./support/keyboard.ts";
import { usePageServer } from "./support/page-server.ts";
import { health, requests, usage } from "./support/sample-data.ts";

/** What the pages about an account do where a real API would rarely lead. */

describe.skipIf(!hasChromium)(`The pages about an account in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (path: string, answers: Answers, viewport = { width: 1440, height: 900 }) => {
    const opened = await open({ viewport, reducedMotion: "reduce" });
    const calls = await fakeApi(opened.page, answers);
    await opened.page.goto(`${url()}/dashboard/${path}`);
    return { ...opened, calls };
  };

  test("an export waits where the API says so, continues after a failure, and has every line once", async () => {
    const line = (number: number): string => `{"type":"request","number":${number}}\n`;
    let tries = 0;
    const { page, calls } = await visit("account", {
      "GET v1/account/export": ({ url: asked }) => {
        tries += 1;
        const cursor = asked.searchParams.get("cursor");
        if (tries === 2) return failed(503, "SERVICE_UNAVAILABLE", "A required service is unavailable.");
        if (tries === 3) {
          return { ...failed(429, "RATE_LIMIT_EXCEEDED", "Too many pages."), headers: { "retry-after": "1" } };
        }
        if (cursor === null) return { status: 200, text: `${line(1)}${line(2)}{"type":"next","cursor":"a"}\n` };
        return { status: 200, text: `${line(3)}{"type":"end"}\n` };
      },
    });
    const section = page.getByRole("region", { name: "Export" });
    await section.getByRole("button", { name: "Download my data" }).click();
    await section.getByRole("alert").getByText("A required service is unavailable.").waitFor();
    const downloading = page.waitForEvent("download");
    await section.getByRole("button", { name: "Continue" }).click();
    await section.getByText("Waiting: the API allows 60 pages a minute.").waitFor();
    const download = await downloading;
    await section.getByText("Done: 3 lines").waitFor();
    expect(await readFile(await download.path(), "utf8")).toBe(`${line(1)}${line(2)}${line(3)}`);
    const cursors = calls
      .filter(({ name }) => name === "GET v1/account/export")
      .map(({ url: asked }) => asked.searchParams.get("cursor"));
    expect(cursors).toEqual([null, "a", "a", "a"]);
  });

  test("a wrong password's message goes when something else succeeds, and a link's when a password is tried", async () => {
    let reachable = true;
    const { page } = await visit("sign-in", {
      "GET auth/session": failed(401, "UNAUTHORIZED", "Sign in first."),
      "POST auth/sign-in": failed(401, "UNAUTHORIZED", "Email or password is wrong."),
      "POST auth/magic-link": () =>
        reachable ? ok({ sent: true }, 202) : failed(503, "SERVICE_UNAVAILABLE", "Sign-in is unavailable."),
    });
    const alerts = page.getByRole("alert");
    await page.getByLabel("Email").fill("ada@example.com");
    await page.getByLabel("Password").fill("not the password");
    await page.keyboard.press("Enter");
    await alerts.getByText("Email or password is wrong.").waitFor();
    await page.getByRole("button", { name: "Email me a sign-in link" }).click();
    await page.getByRole("status").getByText("a link is on its way").waitFor();
    expect(await alerts.count()).toBe(0);
    reachable = false;
    await page.getByRole("button", { name: "Email me a sign-in link" }).click();
    await alerts.getByText("Sign-in is unavailable.").waitFor();
    expect(await page.getByText("a link is on its way").count()).toBe(0);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await alerts.getByText("Email or password is wrong.").waitFor();
    expect(await alerts.count()).toBe(1);
  });

  test("Escape closes a phone's menu wherever the focus is, and the focus returns to its button", async () => {
    const { page } = await visit("account", {}, { width: 390, height: 844 });
    const menu = page.getByRole("button", { name: "Menu" });
    for (const blur of [false, true]) {
      await menu.click();
      await page.getByRole("link", { name: "Status" }).waitFor();
      // As after a tap, which focuses nothing on some phones.
      if (blur) await menu.evaluate((button) => button.blur());
      await page.keyboard.press("Escape");
      await page.getByRole("link", { name: "Status" }).waitFor({ state: "hidden" });
      expect(await menu.evaluate((button) => button === document.activeElement)).toBe(true);
    }
  });

  test("the status is reached, asked of another range, ordered and tried again by keyboard alone", async () => {
    let reachable = false;
    const unreachable = failed(503, "SERVICE_UNAVAILABLE", "A part that the gateway needs is out of reach.");
    const { page, calls } = await visit("leaderboard", {
      "GET health": () => (reachable ? { status: 200, json: health } : unreachable),
      "GET v1/usage": ok(usage),
      "GET v1/requests": ok({ requests, nextCursor: null }),
    });
    await pressOn(page, page.getByRole("link", { name: "Status" }));
    await page.getByRole("alert").getByText("out of reach").waitFor();
    reachable = true;
    await pressOn(page, page.getByRole("region", { name: "Gateway" }).getByRole("button", { name: "Try again" }));
    await page.getByText("everything that it needs are working").waitFor();
    await pressOn(page, page.getByRole("button", { name: "Today" }));
    const asked = () => calls.findLast(({ name }) => name === "GET v1/usage")?.url.searchParams;
    await expect.poll(() => asked()?.get("from") === asked()?.get("to")).toBe(true);
    const table = page.getByRole("region", { name: "Success and latency by provider" });
    await pressOn(page, table.getByRole("button", { name: "Provider" }));
    expect(await table.locator("[aria-sort]").textContent()).toBe("Provider");
  });

  test("a key that is saved is listed before anything is read again", async () => {
    const added = {
      id: "pk_9",
      provider: "openai",
      slug: "openai",
      displayName: "OpenAI",
      last4: "x7Qf",
      createdAt: "2026-11-29T00:00:00.000Z",
      paused: false,
      lastUsedAt: null,
    };
    const { page, calls } = await visit("provider-keys", {
      "GET v1/provider-keys": ok([]),
      "POST v1/provider-keys/test": ok({ ok: true, status: 200, message: null, latencyMs: 31 }),
      "POST v1/provider-keys": ok(added, 201),
    });
    await page.getByText("No provider keys").waitFor();
    await page.getByRole("button", { name: "Add a key for OpenAI" }).click();
    // Whatever is painted between the click and the end: never both.
    await page.evaluate(() => {
      const both: string[] = [];
      Object.assign(window, { both });
      new MutationObserver(() => {
        const { innerText } = document.body;
        if (innerText.includes("No provider keys") && innerText.includes("is saved")) both.push(innerText);
      }).observe(document.body, { childList: true, subtree: true, characterData: true });
    });
    await page.getByRole("dialog").getByLabel("Key", { exact: true }).fill("sk-a-new-key");
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("OpenAI is saved, and it works.").waitFor();
    await page.getByText("Serves OpenAI").waitFor();
    expect(await page.evaluate(() => (window as unknown as { both: readonly string[] }).both)).toEqual([]);
    expect(calls.filter(({ name }) => name === "GET v1/provider-keys")).toHaveLength(1);
  });

  test("Amazon Bedrock takes a key, and a role only where the gateway has an external id for its trust policy", async () => {
    const role = "arn:aws:iam::123456789012:role/concurred";
    const added = {
      id: "pk_9",
      provider: "bedrock",
      slug: "bedrock",
      displayName: "Amazon Bedrock",
      last4: "",
      createdAt: "2026-11-29T00:00:00.000Z",
      paused: false,
      lastUsedAt: null,
      region: "eu-central-1",
      roleArn: role,
    };
    let trust: object = {};
    const { page, calls } = await visit("provider-keys", {
      "GET v1/provider-keys": () => ({ status: 200, json: { success: true, data: [], ...trust } }),
      "POST v1/provider-keys/test": ok({ ok: true, status: 400, message: null, latencyMs: 31 }),
      "POST v1/provider-keys": ok(added, 201),
    });
    const dialog = page.getByRole("dialog");
    const openForm = () => page.getByRole("button", { name: "Add a key for Amazon Bedrock" }).click();
    await openForm();
    await dialog.getByLabel("Key", { exact: true }).waitFor();
    expect(await dialog.getByRole("button", { name: "IAM role" }).count()).toBe(0);
    trust = { bedrockExternalId: "an-external-id", bedrockPrincipal: "arn:aws:iam::210987654321:root" };
    await page.reload();
    await openForm();
    await dialog.getByRole("button", { name: "IAM role" }).click();
    expect(await dialog.getByLabel("Key", { exact: true }).count()).toBe(0);
    expect(JSON.parse((await dialog.getByLabel("Trust policy").textContent()) ?? "")).toMatchObject({
      Statement: [
        {
          Principal: { AWS: "arn:aws:iam::210987654321:root" },
          Condition: { StringEquals: { "sts:ExternalId": "an-external-id" } },
        },
      ],
    });
    await dialog.getByLabel("Region").fill("eu-central-1");
    await dialog.getByLabel("Role ARN").fill(role);
    await page.keyboard.press("Enter");
    await page.getByText(role).waitFor();
    const access = { provider: "bedrock", region: "eu-central-1", roleArn: role };
    expect(calls.filter(({ name }) => name.startsWith("POST v1/provider-keys")).map(({ body }) => body)).toEqual([
      access,
      { ...access, slug: "bedrock", displayName: "Amazon Bedrock" },
    ]);
  });
});
