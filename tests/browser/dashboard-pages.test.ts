import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { findings } from "./support/axe.ts";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, failed, fakeApi, ok } from "./support/fake-api.ts";
import { pressOn } from "./support/keyboard.ts";
import { lookAt, screenshot } from "./support/look-at.ts";
import { usePageServer } from "./support/page-server.ts";
import {
  chatKey,
  chatStream,
  degraded,
  health,
  keys,
  leaderboards,
  limits,
  models,
  presets,
  providerKeys,
  requests,
  usage,
} from "./support/sample-data.ts";

/** Every page in both themes and three widths: axe-core finds nothing, and nothing is cut off. */

const filled: Answers = {
  "GET v1/keys": ok(keys),
  "POST v1/keys": ok({ keyId: "key_9", key: chatKey, name: "Staging", rateLimit: 60 }, 201),
  "GET v1/provider-keys": {
    status: 200,
    json: {
      success: true,
      data: providerKeys,
      bedrockExternalId: "concurred-0199c0de70007000",
      bedrockPrincipal: "arn:aws:iam::210987654321:root",
    },
  },
  "GET v1/presets": ok(presets),
  "POST v1/provider-keys/test": ok({ ok: true, status: 200, message: null, latencyMs: 312 }),
  "GET v1/usage": ok(usage),
  "GET v1/limits": ok(limits),
  "GET health": { status: 200, json: health },
  "GET v1/requests": ok({ requests, nextCursor: "older" }),
  [`GET v1/requests/${requests[1]?.id}`]: ok({ ...requests[1], generations: requests.slice(1, 2) }),
  "GET v1/models": { status: 200, json: models },
  "GET v1/leaderboard": ({ url }) => ok(leaderboards[url.searchParams.get("scope") === "stage" ? "stage" : "account"]),
  "POST v1/chat/completions": {
    status: 200,
    headers: { "content-type": "text/event-stream", "x-model-used": "gpt-5.2", "x-provider-used": "openai" },
    text: chatStream(
      "Two voices, one answer.\n\n",
      "An API gateway keeps the keys, counts the tokens and passes the words through as they come. ",
      "It is at its best when you do not notice it: 一つの鍵ですべてのモデルを開く。",
    ),
  },
};

const longAgo = new Date(Date.now() - 3 * 3_600_000).toISOString();

const empty: Answers = {
  "GET health": { status: 503, json: degraded },
  "GET v1/keys": ok([]),
  "GET v1/provider-keys": ok([]),
  "GET v1/presets": ok([]),
  "GET v1/requests": ok({ requests: [], nextCursor: null }),
  "GET v1/leaderboard": ok(leaderboards.none),
  "GET v1/usage": ok({ totalRequests: 0, totalTokens: 0, totalCost: 0, byModel: {}, byDay: {} }),
};

const capped: Answers = {
  "GET v1/limits": ok({ ...limits, dailyCap: { ...limits.dailyCap, spentUsd: 5.01, reservedUsd: 0, remainingUsd: 0 } }),
};

const account: Answers = {
  ...filled,
  "GET auth/session": ok({ user: { id: "user_1", email: "ada@example.com" }, signedInAt: longAgo }),
  "GET v1/account/export": ({ url }) =>
    url.searchParams.has("cursor")
      ? failed(503, "SERVICE_UNAVAILABLE", "A required service is unavailable.")
      : { status: 200, text: `${'{"type":"request"}\n'.repeat(2_140)}{"type":"next","cursor":"a"}\n` },
  "DELETE v1/account": { status: 202, json: { success: true, data: { status: "deleting" } } },
};

const signedOut: Answers = { "GET auth/session": failed(401, "UNAUTHORIZED", "Sign in first.") };

const broken: Answers = {
  "GET v1/presets": failed(503, "SERVICE_UNAVAILABLE", "A part that the gateway needs is out of reach."),
  "GET health": failed(503, "SERVICE_UNAVAILABLE", "A part that the gateway needs is out of reach."),
  "GET v1/usage": failed(503, "SERVICE_UNAVAILABLE", "A part that the gateway needs is out of reach."),
  "GET v1/requests": failed(503, "SERVICE_UNAVAILABLE", "A part that the gateway needs is out of reach."),
  "GET v1/leaderboard": failed(503, "SERVICE_UNAVAILABLE", "A part that the gateway needs is out of reach."),
  "GET v1/provider-keys": failed(503, "SERVICE_UNAVAILABLE", "A part that the gateway needs is out of reach."),
  "GET v1/keys": failed(503, "SERVICE_UNAVAILABLE", "A part that the gateway needs is out of reach."),
  "GET v1/limits": failed(503, "SERVICE_UNAVAILABLE", "A part that the gateway needs is out of reach."),
};

interface Scene {
  readonly name: string;
  readonly path: string;
  readonly answers: Answers;
  /** What brings the page into the state to look at. */
  readonly act?: (page: Page) => Promise<void>;
  /** Seen once the page is there. */
  readonly shows: string;
}

const openDialog = (name: string) => async (page: Page) => {
  await page.getByRole("button", { name }).first().click();
  await page.getByRole("dialog").waitFor();
};

const openMenu = (item: string) => async (page: Page) => {
  await page.getByRole("button", { name: "Actions for Production server" }).click();
  await page.getByRole("menuitem", { name: item }).click();
  await page.getByRole("dialog").waitFor();
};

const createKey = async (page: Page): Promise<void> => {
  await openDialog("Create New Key")(page);
  await page.getByLabel("Name", { exact: true }).fill("Staging");
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByText("This is the only time it is shown.").waitFor();
};

const refusedKey = {
  ok: false,
  status: 401,
  message: "Access denied due to invalid subscription key or wrong API endpoint.",
  latencyMs: 204,
};

const testKey = (opener: string, key: string) => async (page: Page) => {
  await page.getByRole("button", { name: opener }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Key", { exact: true }).fill(key);
  const url = dialog.getByLabel("Base URL");
  if ((await url.count()) > 0) await url.fill("https://mine.openai.azure.com/openai/v1");
  await dialog.getByRole("button", { name: "Test", exact: true }).click();
};

const describeModel = async (page: Page): Promise<void> => {
  await page.getByRole("button", { name: "Add a key for Another server" }).click();
  await page.getByText("Describe models").click();
  await page.getByRole("button", { name: "Add a model" }).click();
};

const chooseRole = async (page: Page): Promise<void> => {
  await page.getByRole("button", { name: "Add a key for Amazon Bedrock" }).click();
  await page.getByRole("button", { name: "IAM role" }).click();
};

const editPreset = async (page: Page): Promise<void> => {
  await page.getByRole("button", { name: "Edit support" }).click();
  for (const name of ["Guardrails", "Provider preferences"]) {
    await page.getByRole("dialog").getByText(name, { exact: true }).click();
  }
  await page.getByLabel("Parameters (optional)").fill('{ "temprature": 0.2 }');
};

const openLimits = async (page: Page): Promise<void> => page.getByText("Request limits of").click();

const exportSome = async (page: Page): Promise<void> => page.getByRole("button", { name: "Download my data" }).click();

const deleteAccount = async (page: Page): Promise<void> => {
  await openDialog("Delete account…")(page);
  await page.getByLabel("Type ada@example.com to confirm").fill("ada@example.com");
  await page.getByRole("button", { name: "Delete my account" }).click();
};

const chat = async (page: Page): Promise<void> => {
  await page.getByLabel("Message").fill("What is an API gateway good for? It's for a friend.");
  await page.keyboard.press("Enter");
  await page.getByText("24 in, 61 out").waitFor();
};

const chooseCodex = async (page: Page): Promise<void> => {
  await page.getByRole("button", { name: "Codex" }).click();
};

const dayAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const lastWeek = { from: dayAgo(6), to: dayAgo(0) };

const openTables = async (page: Page): Promise<void> => {
  await page.locator("summary").first().waitFor();
  for (const summary of await page.locator("summary").all()) await summary.click();
};

const scenes: readonly Scene[] = [
  { name: "sign-in", path: "sign-in", answers: signedOut, shows: "Continue with GitHub" },
  { name: "sign-in-failed-link", path: "sign-in?error=link", answers: signedOut, shows: "Sign-in failed" },
  { name: "sign-up", path: "sign-up", answers: signedOut, shows: "At least 8 characters." },
  { name: "reset-password", path: "reset-password", answers: signedOut, shows: "Send the link" },
  { name: "update-password", path: "update-password", answers: filled, shows: "Set password" },
  { name: "start", path: "start", answers: filled, shows: "$1.42 of $5.00 spent" },
  { name: "start-codex", path: "start", answers: capped, act: chooseCodex, shows: "The cap is reached" },
  { name: "start-error", path: "start", answers: broken, shows: "Try again" },
  { name: "keys", path: "keys", answers: filled, shows: "Production server" },
  { name: "keys-empty", path: "keys", answers: empty, shows: "No keys yet" },
  { name: "keys-error", path: "keys", answers: broken, shows: "Try again" },
  { name: "keys-create", path: "keys", answers: filled, act: openDialog("Create New Key"), shows: "Expires" },
  { name: "keys-edit", path: "keys", answers: filled, act: openMenu("Edit"), shows: "Budget period" },
  { name: "keys-created", path: "keys", answers: filled, act: createKey, shows: "Copy key" },
  { name: "keys-rotate", path: "keys", answers: filled, act: openMenu("Rotate"), shows: "Old key expires" },
  { name: "keys-revoke", path: "keys", answers: filled, act: openMenu("Revoke"), shows: "cannot be undone" },
  { name: "provider-keys", path: "provider-keys", answers: filled, shows: "OpenAI, team account" },
  { name: "provider-keys-empty", path: "provider-keys", answers: empty, shows: "No provider keys" },
  { name: "provider-keys-error", path: "provider-keys", answers: broken, shows: "Try again" },
  {
    name: "provider-keys-add",
    path: "provider-keys",
    answers: filled,
    act: testKey("Add a key for OpenAI", "sk-a-new-key"),
    shows: "It works",
  },
  {
    name: "provider-keys-refused",
    path: "provider-keys",
    answers: { ...filled, "POST v1/provider-keys/test": ok(refusedKey) },
    act: testKey("Add a key for Azure OpenAI", "wrong"),
    shows: "Save it anyway",
  },
  {
    name: "provider-keys-custom",
    path: "provider-keys",
    answers: filled,
    act: describeModel,
    shows: "Leave out",
  },
  {
    name: "provider-keys-bedrock",
    path: "provider-keys",
    answers: filled,
    act: chooseRole,
    shows: "Its trust policy",
  },
  { name: "presets", path: "presets", answers: filled, shows: "first bedrock, anthropic" },
  { name: "presets-empty", path: "presets", answers: empty, shows: "No presets yet" },
  { name: "presets-error", path: "presets", answers: broken, shows: "Try again" },
  { name: "presets-edit", path: "presets", answers: filled, act: editPreset, shows: "A preset cannot set" },
  { name: "usage", path: "usage", answers: filled, shows: "Estimated cost" },
  {
    name: "usage-tables",
    path: `usage?from=${lastWeek.from}&to=${lastWeek.to}`,
    answers: filled,
    act: openTables,
    shows: "Estimated cost",
  },
  { name: "usage-empty", path: "usage", answers: empty, shows: "No usage in this range" },
  { name: "playground", path: "playground", answers: filled, shows: "The conversation appears here." },
  { name: "playground-words", path: "playground", answers: filled, act: chat, shows: "24 in, 61 out" },
  { name: "leaderboard", path: "leaderboard", answers: filled, shows: "400 points means odds" },
  {
    name: "leaderboard-everyone",
    path: "leaderboard",
    answers: filled,
    act: async (page) => pressOn(page, page.getByRole("button", { name: "Everyone's" })),
    shows: "2 of 5 do so",
  },
  { name: "leaderboard-empty", path: "leaderboard", answers: empty, shows: "No votes yet" },
  { name: "leaderboard-error", path: "leaderboard", answers: broken, shows: "Try again" },
  { name: "requests", path: "requests", answers: filled, shows: "Show older" },
  {
    name: "requests-details",
    path: `requests?id=${requests[1]?.id}`,
    answers: filled,
    shows: "Good answer",
  },
  { name: "requests-empty", path: "requests", answers: empty, shows: "No requests" },
  { name: "requests-error", path: "requests", answers: broken, shows: "Try again" },
  { name: "account", path: "account", answers: account, act: openLimits, shows: "of $1.00 spent" },
  { name: "account-error", path: "account", answers: { ...account, ...broken }, shows: "Try again" },
  { name: "account-export", path: "account", answers: account, act: exportSome, shows: "Continue" },
  {
    name: "account-delete",
    path: "account",
    answers: account,
    act: openDialog("Delete account…"),
    shows: "This deletes",
  },
  { name: "account-deleted", path: "account", answers: account, act: deleteAccount, shows: "no longer work" },
  { name: "status", path: "status", answers: filled, shows: "“Latest” counts" },
  { name: "status-degraded-empty", path: "status", answers: empty, shows: "No requests yet" },
  { name: "status-error", path: "status", answers: broken, shows: "Try again" },
  { name: "unknown", path: "no-such-page", answers: filled, shows: "Page not found" },
];

describe.skipIf(!hasChromium)(`The dashboard's pages${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  test.each(scenes)(
    "$name is accessible, in both themes, and fits a phone",
    async ({ name, path, answers, act, shows }) => {
      const { page, faults } = await open({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
      await fakeApi(page, answers);
      await page.goto(`${url()}/dashboard/${path}`);
      await act?.(page);
      await page.getByText(shows).first().waitFor();
      await lookAt(page, name);
      expect(faults).toEqual([]);
    },
  );

  test("the menu of a phone opens, leads on and folds away, by keyboard alone", async () => {
    const { page } = await open({ viewport: { width: 390, height: 844 }, reducedMotion: "reduce" });
    await fakeApi(page, filled);
    await page.goto(`${url()}/dashboard/keys`);
    await pressOn(page, page.getByRole("button", { name: "Menu" }));
    await screenshot(page, "menu-phone-light", false);
    expect(await findings(page)).toEqual([]);
    await pressOn(page, page.getByRole("link", { name: "Usage" }));
    await page.getByRole("heading", { name: "Usage", level: 1 }).waitFor();
    expect(await page.getByRole("link", { name: "Usage" }).isVisible()).toBe(false);
  });
});
