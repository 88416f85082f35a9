import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, failed, fakeApi, ok, type ReceivedCall, requestId } from "./support/fake-api.ts";
import { chooseFor } from "./support/menu.ts";
import { usePageServer } from "./support/page-server.ts";
import { chatKey, keys, usage } from "./support/sample-data.ts";

/** How the page behaves where a real API would rarely lead: faults, double clicks, the keyboard, the end of a session. */

const created = { keyId: "key_9", key: chatKey, name: "Staging", rateLimit: 60 };
const named = (calls: readonly ReceivedCall[], name: string) => calls.filter((call) => call.name === name);

/** Lets a test decide when an answer comes. */
const gate = () => Promise.withResolvers<void>();

describe.skipIf(!hasChromium)(`The dashboard in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (path: string, answers: Answers) => {
    const opened = await open({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
    const calls = await fakeApi(opened.page, answers);
    await opened.page.goto(`${url()}/dashboard/${path}`);
    return { ...opened, calls };
  };

  const openCreateDialog = async (page: Page): Promise<void> => {
    await page.getByRole("button", { name: "Create New Key" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Staging");
  };

  test("loads nothing from another origin and breaks no rule of its content security policy", async () => {
    const { page, faults } = await open();
    const origins = new Set<string>();
    page.on("request", (request) => origins.add(new URL(request.url()).origin));
    await fakeApi(page, { "GET v1/keys": ok(keys) });
    await page.goto(`${url()}/dashboard`);
    await page.getByText("Production server").waitFor();
    expect([...origins]).toEqual([new URL(url()).origin]);
    expect(page.url()).toBe(`${url()}/dashboard/keys`);
    expect(faults).toEqual([]);
  });

  test("loads a page's script when the page is first opened, and once", async () => {
    const { page } = await visit("keys", { "GET v1/keys": ok(keys), "GET v1/usage": ok(usage) });
    await page.getByText("Production server").waitFor();
    const scripts: string[] = [];
    page.on("request", (request) => {
      const name = /\/assets\/([\w-]+?)-page-/.exec(request.url())?.[1];
      if (name !== undefined) scripts.push(name);
    });
    for (const name of ["Usage", "Keys", "Usage"]) {
      await page.getByRole("link", { name, exact: true }).click();
      await page.getByRole("heading", { name, level: 1 }).waitFor();
    }
    expect(scripts).toEqual(["usage"]);
  });

  test("offers a reload where a page's script is gone, such as after an update", async () => {
    const { page } = await visit("keys", { "GET v1/keys": ok(keys), "GET v1/usage": ok(usage) });
    await page.getByText("Production server").waitFor();
    await page.route(/assets\/usage-page-/, (route) => route.fulfill({ status: 404, body: "" }));
    await page.getByRole("link", { name: "Usage" }).click();
    await page.getByText("The page did not load.").waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Usage");
    await page.unroute(/assets\/usage-page-/);
    await page.getByRole("button", { name: "Reload" }).click();
    await page.getByText("Estimated cost").first().waitFor();
    await page.getByRole("link", { name: "Keys", exact: true }).click();
    await page.getByText("Production server").waitFor();
  });

  test.each(["dashboard/", "dashboard/usage/"])("works at %s, with a slash at its end", async (path) => {
    const { page, faults } = await open();
    await fakeApi(page, { "GET v1/keys": ok(keys), "GET v1/usage": ok(usage) });
    await page.goto(`${url()}/${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(faults).toEqual([]);
  });

  test("a visitor is asked to sign in and then gets the page that was asked for", async () => {
    const { page, calls } = await visit("usage", {
      "GET auth/session": failed(401, "UNAUTHORIZED", "Sign in first."),
      "POST auth/sign-in": ok({ user: { id: "user_1", email: "ada@example.com" } }),
      "GET v1/keys": ok(keys),
      "GET v1/usage": ok(usage),
    });
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    const github = await page.getByRole("link", { name: "Continue with GitHub" }).getAttribute("href");
    expect(github).toBe("/prod/api/auth/oauth/github?next=%2Fdashboard%2Fusage");
    await page.getByLabel("Email").fill("ada@example.com");
    await page.getByLabel("Password").fill("correct horse");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Usage", level: 1 }).waitFor();
    expect(named(calls, "POST auth/sign-in").map(({ body }) => body)).toEqual([
      { email: "ada@example.com", password: "correct horse" },
    ]);
  });

  test("a session that ended leads to sign-in, whatever was clicked", async () => {
    const { page } = await visit("keys", {
      "GET v1/keys": ok(keys),
      "GET v1/provider-keys": failed(401, "UNAUTHORIZED", "Your session has ended."),
    });
    await page.getByRole("link", { name: "Provider keys" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(page.url()).toBe(`${url()}/dashboard/sign-in?next=provider-keys`);
  });

  test("a failure shows the API's own words and the request id, and can be tried again", async () => {
    let broken = true;
    const { page } = await visit("keys", {
      "GET v1/keys": () => (broken ? failed(503, "SERVICE_UNAVAILABLE", "Unkey is unavailable.") : ok(keys)),
    });
    const alert = page.getByRole("alert");
    await alert.getByText("Unkey is unavailable.").waitFor();
    expect(await alert.getByText(requestId).count()).toBe(1);
    broken = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("Production server").waitFor();
    expect(await alert.count()).toBe(0);
  });

  test("an answer that is not JSON is told as such", async () => {
    const { page } = await visit("keys", { "GET v1/keys": { status: 502, text: "<html>Bad gateway</html>" } });
    await page.getByRole("alert").getByText("The server answered with status 502, and not in JSON.").waitFor();
  });

  test("two clicks create one key", async () => {
    const { promise, resolve } = gate();
    const { page, calls } = await visit("keys", {
      "GET v1/keys": ok([]),
      "POST v1/keys": { ...ok(created, 201), after: promise },
    });
    await openCreateDialog(page);
    const submit = page.getByRole("button", { name: "Create key" });
    await submit.dblclick();
    await page.keyboard.press("Enter");
    expect(await submit.getAttribute("aria-busy")).toBe("true");
    resolve();
    await page.getByLabel("Your new API key").waitFor();
    expect(named(calls, "POST v1/keys").map(({ body }) => body)).toEqual([{ name: "Staging", rateLimit: 60 }]);
  });

  test("a refused form keeps what was typed and lists every issue", async () => {
    const issues = [{ path: ["rateLimit"], message: "must be at most 10000" }];
    const { page } = await visit("keys", {
      "GET v1/keys": ok([]),
      "POST v1/keys": failed(400, "BAD_REQUEST", "The body does not fit.", { issues }),
    });
    await openCreateDialog(page);
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("dialog").getByText("rateLimit: must be at most 10000").waitFor();
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Staging");
  });

  test("a dialog keeps the focus within, closes on Escape and gives the focus back", async () => {
    const { page } = await visit("keys", { "GET v1/keys": ok(keys) });
    const opener = page.getByRole("button", { name: "Actions for Production server" });
    await opener.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Rotate" }).press("Enter");
    const dialog = page.getByRole("dialog", { name: "Rotate key" });
    await dialog.waitFor();
    for (let presses = 0; presses < 8; presses += 1) {
      await page.keyboard.press("Tab");
      const outside = await page.evaluate(() => {
        const focused = document.activeElement;
        // Past its last control the focus goes to the browser's own bars, which is the body here.
        return focused !== document.body && focused?.closest("dialog") === null;
      });
      expect(outside).toBe(false);
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(await opener.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test("a new key is not closed uncopied by one Escape, and is never kept", async () => {
    const { page } = await visit("keys", { "GET v1/keys": ok([]), "POST v1/keys": ok(created, 201) });
    await openCreateDialog(page);
    await page.getByRole("button", { name: "Create key" }).click();
    const shown = page.getByLabel("Your new API key");
    expect(await shown.inputValue()).toBe(chatKey);
    await page.keyboard.press("Escape");
    await page.getByText("You have not copied the key.").waitFor();
    await page.keyboard.press("Escape");
    await shown.waitFor({ state: "detached" });
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    );
    expect(kept).not.toContain("ck_");
    expect(await page.content()).not.toContain(chatKey);
  });

  test("a change sends only what changed", async () => {
    const { page, calls } = await visit("keys", {
      "GET v1/keys": ok(keys),
      "PATCH v1/keys/key_2": ok({ ...keys[1], rateLimit: 90 }),
      "PATCH v1/keys/key_1": ok({ ...keys[0], enabled: false }),
    });
    await chooseFor(page, "評価環境", "Edit");
    await page.getByLabel("Rate limit (requests per minute)").fill("90");
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await chooseFor(page, "Production server", "Disable");
    await page.getByRole("status").getByText("Production server is disabled.").waitFor();
    expect(named(calls, "PATCH v1/keys/key_2").map(({ body }) => body)).toEqual([{ rateLimit: 90 }]);
    expect(named(calls, "PATCH v1/keys/key_1").map(({ body }) => body)).toEqual([{ enabled: false }]);
  });

  test("the focus stays on the page when the row that had it is gone", async () => {
    let list = keys;
    const { page } = await visit("keys", {
      "GET v1/keys": () => ok(list),
      "DELETE v1/keys/key_1": () => {
        list = list.slice(1);
        return { status: 204 };
      },
    });
    await page.getByRole("button", { name: "Actions for Production server" }).press("Enter");
    await page.getByRole("menuitem", { name: "Revoke" }).press("Enter");
    await page.getByRole("dialog").getByRole("button", { name: "Revoke key" }).press("Enter");
    await page.getByRole("status").getByText("Production server is revoked.").waitFor();
    await page.getByRole("button", { name: "Actions for Production server" }).waitFor({ state: "detached" });
    await page.locator("h1:focus").waitFor();
  });

  test("usage is asked for by the range and the key in the address, and the last answer wins", async () => {
    const slow = gate();
    const { page, calls } = await visit("usage?from=2026-03-01&to=2026-03-21&key=key_1", {
      "GET v1/keys": ok(keys),
      "GET v1/usage": ({ url: { searchParams } }) =>
        searchParams.get("keyId") === "key_1"
          ? ok({ ...usage, totalRequests: 1_111 })
          : { ...ok({ ...usage, totalRequests: 2_222 }), after: slow.promise },
    });
    await page.getByText("1,111").waitFor();
    expect(calls.find(({ name }) => name === "GET v1/usage")?.url.search).toBe(
      "?from=2026-03-01&to=2026-03-21&keyId=key_1&series=day",
    );
    await page.getByLabel("Key", { exact: true }).selectOption("key_2");
    await page.getByLabel("Key", { exact: true }).selectOption("key_1");
    slow.resolve();
    await page.getByLabel("From").fill("2026-03-20");
    await page.getByLabel("From").blur();
    await page.waitForURL(/from=2026-03-20&to=2026-03-21&key=key_1/);
    await page.locator(".report[aria-busy=false]").waitFor();
    expect(await page.getByText("1,111").count()).toBe(1);
    await page.getByLabel("From").fill("2026-03-25");
    await page.getByLabel("From").blur();
    await page.getByText("The first day must not be after the last.").waitFor();
  });

  test("an unknown price is said, not counted as nothing", async () => {
    const { page } = await visit("usage", {
      "GET v1/keys": ok(keys),
      "GET v1/usage": ok({ ...usage, totalCost: null, unpriced: 37 }),
    });
    await page.getByText("37 generations have no known price").waitFor();
    const tile = page.locator(".tile", { hasText: "Estimated cost" });
    expect(await tile.locator(".tile-value").textContent()).toBe("unknown");
    const row = page.getByRole("row", { name: /openrouter\/some-lab/ });
    expect(await row.textContent()).toContain("unknown");
  });

  test("the download holds every row, safe for a spreadsheet", async () => {
    const nasty = '=HYPERLINK("http://evil","x")';
    const { page } = await visit("usage?from=2026-03-01&to=2026-03-02", {
      "GET v1/keys": ok(keys),
      "GET v1/usage": ok({
        totalRequests: 3,
        totalTokens: 30,
        totalCost: 0.5,
        byDay: { "2026-03-02": { requests: 3, tokens: 30, cost: 0.5 } },
        byModel: { [nasty]: { requests: 3, tokens: 30, cost: null } },
        byUnit: { characters: { units: 100, requests: 1, cost: 0.01 } },
      }),
    });
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download CSV" }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe("usage-2026-03-01-to-2026-03-02.csv");
    const lines = (await readFile(await download.path(), "utf8")).split("\r\n");
    expect(lines).toEqual([
      "dimension,name,requests,inputTokens,outputTokens,cachedTokens,reasoningTokens,tokens,costUsd,unpriced,errors,cacheHits,units",
      "day,2026-03-02,3,,,,,30,0.5,,,,",
      `model,"'=HYPERLINK(""http://evil"",""x"")",3,,,,,30,,,,,`,
      "unit,characters,1,,,,,,0.01,,,,100",
      "",
    ]);
  });

  test("an error within a stream stays beside what had come", async () => {
    const { page } = await visit("playground", {
      "GET v1/models": { status: 200, json: { data: [] } },
      "POST v1/chat/completions": {
        status: 200,
        headers: { "content-type": "text/event-stream" },
        text: [
          ": keep-alive\n\n",
          `data: ${JSON.stringify({ choices: [{ delta: { content: "Half an ans" } }] })}\r\n\r\n`,
          `data: ${JSON.stringify({ error: { code: "PROVIDER_ERROR", message: "The provider broke off." } })}\n\n`,
        ].join(""),
      },
    });
    await page.getByLabel("Message").fill("Hello");
    await page.keyboard.press("Enter");
    await page.getByText("The provider broke off.").waitFor();
    expect(await page.locator(".markdown", { hasText: "Half an ans" }).count()).toBe(1);
    expect(await page.getByRole("alert").getByText(requestId).count()).toBe(1);
  });

  test("the theme that was chosen holds after a reload, before anything is painted", async () => {
    const { page } = await visit("keys", { "GET v1/keys": ok(keys) });
    const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await background();
    await page.getByRole("button", { name: "Dark" }).click();
    const dark = await background();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.getByText("Production server").waitFor();
    expect(await background()).toBe(dark);
    expect(await page.locator('script[blocking="render"]').count()).toBe(1);
  });
});
