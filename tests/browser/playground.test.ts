import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, failed, fakeApi, ok } from "./support/fake-api.ts";
import { lookAt } from "./support/look-at.ts";
import { usePageServer } from "./support/page-server.ts";
import { payWith } from "./support/pay-with.ts";
import { chatKey, keys, usage } from "./support/sample-data.ts";

/** Playground answers as Markdown, what can be done with a turn, and the small promises of the other pages. */

const streamOf = (text: string): Answers[string] => ({
  status: 200,
  headers: { "content-type": "text/event-stream", "x-model-used": "gpt-5.2", "x-provider-used": "openai" },
  text: [
    `data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}\n\n`,
    `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: "stop" }] })}\n\n`,
    `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 1_000, completion_tokens: 500 } })}\n\n`,
    "data: [DONE]\n\n",
  ].join(""),
});

const model = {
  id: "gpt-5.2",
  name: "GPT-5.2",
  owned_by: "openai",
  aliases: ["gpt"],
  pricing: { input: 2, output: 10, cached_input: 0.2 },
};

describe.skipIf(!hasChromium)(`The playground in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const chat = async (answer: string, width = 1280) => {
    const opened = await open({ viewport: { width, height: 800 }, reducedMotion: "reduce" });
    const answers: Record<string, Answers[string]> = {
      "GET auth/session": ok({ user: { id: "user_1", email: "ada@example.com" } }),
      "GET v1/models": ok([model]),
      "POST v1/chat/completions": streamOf(answer),
    };
    const calls = await fakeApi(opened.page, answers);
    await opened.page.goto(`${url()}/dashboard/playground`);
    await say(opened.page, "Hello");
    return { ...opened, calls, answers };
  };

  const say = async (page: Page, text: string): Promise<void> => {
    await page.getByLabel("Message").fill(text);
    await page.keyboard.press("Enter");
    await page.getByText("The answer is complete.").waitFor({ state: "attached" });
  };

  test("calls by the session, and by a key once one is pasted", async () => {
    const { page, calls, faults } = await chat("Hi");
    const headers = () => calls.findLast(({ name }) => name === "POST v1/chat/completions")?.headers;
    expect(headers()).toMatchObject({ "x-concurred-page": "1" });
    expect(headers()).not.toHaveProperty("authorization");
    await payWith(page, "no key");
    await page.getByText("A key starts with ck_.").waitFor();
    await page.getByLabel("Message").fill("And now?");
    await page.keyboard.press("Enter");
    await page.getByText("Correct the API key first").waitFor();
    await page.getByLabel("API key").fill(chatKey);
    await page.getByLabel("API key").blur();
    await say(page, "And now?");
    expect(headers()).toMatchObject({ authorization: `Bearer ${chatKey}` });
    expect(headers()).not.toHaveProperty("x-concurred-page");
    expect(faults).toEqual([]);
  });

  test("leads to sign-in when the session has ended", async () => {
    const { page, answers } = await chat("Hi");
    answers["POST v1/chat/completions"] = failed(401, "UNAUTHORIZED", "Sign in to the dashboard first.");
    await page.getByLabel("Message").fill("And now?");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  test("renders Markdown, and its code can be copied", async () => {
    const { page, faults } = await chat(
      "# Title\n\n- one\n- **two**\n\n```ts\nconst a = 1 < 2;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    );
    const answer = page.locator(".turn.assistant .markdown");
    expect(await answer.getByRole("heading", { name: "Title" }).count()).toBe(1);
    expect(await answer.getByRole("listitem").allTextContents()).toEqual(["one", "two"]);
    expect(await answer.locator("pre").textContent()).toBe("const a = 1 < 2;");
    expect(await answer.locator("figcaption").getByRole("button", { name: "Copy" }).count()).toBe(1);
    expect(await answer.getByRole("cell").allTextContents()).toEqual(["1", "2"]);
    expect(faults).toEqual([]);
  });

  test("runs nothing and loads nothing that an answer names", async () => {
    const { page, faults } = await chat(
      '<img src=x onerror="document.title=1"> <script>document.title=2</script>\n\n![chart](https://evil.example/a.png) [go](javascript:document.title=3) [site](https://example.com/)',
    );
    const answer = page.locator(".turn.assistant .markdown");
    expect(await answer.locator("img, script").count()).toBe(0);
    expect(await answer.textContent()).toContain('<img src=x onerror="document.title=1">');
    expect(
      await answer.getByRole("link").evaluateAll((links) => links.map((link) => link.getAttribute("href"))),
    ).toEqual(["https://evil.example/a.png", "https://example.com/"]);
    expect(await page.title()).toBe("Playground · Concurred");
    expect(faults).toEqual([]);
  });

  test("asks before it follows a link of an answer", async () => {
    const { page } = await chat("[site](https://example.com/)");
    const questions: string[] = [];
    page.on("dialog", (dialog) => {
      questions.push(dialog.message());
      void dialog.dismiss();
    });
    await page.getByRole("link", { name: "site" }).click();
    expect(questions.join()).toContain("https://example.com/");
    expect(page.context().pages()).toHaveLength(1);
  });

  test("shows what an answer costs by list prices", async () => {
    const { page } = await chat("Hi");
    await page.getByText("about $0.007").waitFor();
  });

  test("asks again for an answer, and takes a message back to edit it", async () => {
    const { page, calls } = await chat("Hi");
    await page.getByRole("button", { name: "Regenerate" }).click();
    await expect.poll(() => calls.filter(({ name }) => name === "POST v1/chat/completions").length).toBe(2);
    await page.getByText("The answer is complete.").waitFor({ state: "attached" });
    expect(await page.locator(".turn").count()).toBe(2);
    await page.getByRole("button", { name: "Edit" }).click();
    expect(await page.locator(".turn").count()).toBe(0);
    expect(await page.getByLabel("Message").inputValue()).toBe("Hello");
  });

  test("keeps the conversation and its model over a reload, without the key, until a new conversation begins", async () => {
    const { page, calls, faults } = await chat("**Bold** answer");
    await page.getByLabel("Model", { exact: true }).selectOption("gpt-5.2");
    await page.getByLabel("System prompt").fill("Be brief.");
    await payWith(page, chatKey);
    await page.reload();
    await page.locator(".turn.assistant strong", { hasText: "Bold" }).waitFor();
    expect(await page.locator(".turn.user").textContent()).toContain("Hello");
    expect(await page.locator(".turn-facts").textContent()).toContain("1,000 in, 500 out");
    expect(await page.getByLabel("API key").inputValue()).toBe("");
    expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).not.toContain(
      "ck_",
    );
    await say(page, "And now?");
    expect(calls.findLast(({ name }) => name === "POST v1/chat/completions")?.body).toMatchObject({
      model: "gpt-5.2",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hello" },
        { role: "assistant", content: "**Bold** answer" },
        { role: "user", content: "And now?" },
      ],
    });
    await lookAt(page, "playground-kept");
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.reload();
    await page.getByText("The conversation appears here.").waitFor();
    expect(faults).toEqual([]);
  });

  test("removes the conversation at sign-out, and never shows it to another user", async () => {
    const { page, answers } = await chat("For Ada only");
    const kept = () => page.evaluate(() => Object.keys(sessionStorage));
    expect(await kept()).toEqual(["concurred-playground:user_1"]);
    answers["GET auth/session"] = ok({ user: { id: "user_2", email: "bob@example.com" } });
    await page.reload();
    await page.getByText("The conversation appears here.").waitFor();
    expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).not.toContain("Ada");
    await say(page, "For Bob");
    answers["POST auth/sign-out"] = ok({});
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await kept()).toEqual([]);
  });

  test("shows the next user in the same tab nothing of the one before, nor stores it as theirs", async () => {
    const { page, answers } = await chat("For Ada only");
    await page.getByLabel("System prompt").fill("Ada's secret plan");
    answers["POST auth/sign-out"] = ok({});
    answers["POST auth/sign-in"] = ok({ user: { id: "user_2", email: "bob@example.com" } });
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Email").fill("bob@example.com");
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("link", { name: "Playground" }).click();
    expect(await page.getByLabel("System prompt").inputValue()).toBe("");
    expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).not.toContain("Ada");
  });

  test("keeps the end of a conversation that is too long, and says so", async () => {
    const { page } = await chat(`Short. ${"x".repeat(600_000)}`);
    await page.getByText("Kept in this tab until you sign out or close it.").waitFor();
    await say(page, "Again");
    await page.getByText("Too long to keep whole: a reload clears its start.").waitFor();
    await page.reload();
    await page.locator(".turn.assistant").waitFor();
    expect(await page.locator(".turn.user").allTextContents()).toEqual([expect.stringContaining("Again")]);
  });

  test("keeps the composer in sight on a phone while a long answer scrolls", async () => {
    const { page } = await chat(Array.from({ length: 80 }, (_, line) => `Line ${line}`).join("\n\n"), 390);
    await page.locator(".turn").first().scrollIntoViewIfNeeded();
    const box = await page.getByLabel("Message").boundingBox();
    expect(box).not.toBeNull();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(800);
  });
});

describe.skipIf(!hasChromium)(`Small promises of the dashboard${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (path: string, answers: Answers, width = 1280): Promise<Page> => {
    const { page } = await open({ viewport: { width, height: 800 }, reducedMotion: "reduce" });
    await fakeApi(page, answers);
    await page.goto(`${url()}/dashboard/${path}`);
    return page;
  };

  test("usage tables sort by a click on a head, and show cost without scrolling at 1440", async () => {
    const page = await visit("usage", { "GET v1/keys": ok(keys), "GET v1/usage": ok(usage) }, 1440);
    await page.locator("summary").nth(1).click();
    const table = page.getByRole("region", { name: "Usage by model" });
    await table.getByRole("button", { name: "Cost (USD)" }).click();
    expect(await table.getByRole("columnheader", { name: "Cost (USD)" }).getAttribute("aria-sort")).toBe("descending");
    const descending = await table.getByRole("rowheader").allTextContents();
    await table.getByRole("button", { name: "Cost (USD)" }).click();
    expect(await table.getByRole("rowheader").allTextContents()).toEqual(descending.toReversed());
    expect(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)).toBe(true);
  });

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
