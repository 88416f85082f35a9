import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, failed, fakeApi, ok } from "./support/fake-api.ts";
import { lookAt } from "./support/look-at.ts";
import { usePageServer } from "./support/page-server.ts";
import { chatStream, usage } from "./support/sample-data.ts";

/** The documentation: read without a script, tried with one. */

describe.skipIf(!hasChromium)(`The documentation in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (path: string, answers: Answers = {}) => {
    const opened = await open({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
    const calls = await fakeApi(opened.page, answers);
    await opened.page.goto(`${url()}/docs${path}`);
    return { ...opened, calls };
  };

  test("is read with JavaScript off: guides, the reference with samples for each client, and the models", async () => {
    const { page, faults } = await open({ javaScriptEnabled: false, viewport: { width: 1440, height: 900 } });
    await page.goto(`${url()}/docs`);
    const menu = page.getByRole("navigation", { name: "Documentation" });
    await menu.getByRole("link", { name: "Tags" }).click();
    await page.getByRole("heading", { name: "Usage over time" }).waitFor();
    expect(page.url()).toBe(`${url()}/docs/guide/tags`);
    await menu.getByRole("link", { name: "Generation" }).click();
    await page
      .getByRole("link", { name: /chat\/completions/ })
      .first()
      .click();
    expect(page.url()).toBe(`${url()}/docs/api/generation#postChatCompletions`);
    const section = page.getByRole("region", { name: "POST /api/v1/chat/completions" });
    expect(await section.getByText('curl "$ORIGIN/api/v1/chat/completions"').isVisible()).toBe(true);
    await section.locator("summary", { hasText: "Python" }).click();
    expect(await section.getByText("from openai import OpenAI").isVisible()).toBe(true);
    expect(await section.getByText('curl "$ORIGIN/api/v1/chat/completions"').isVisible()).toBe(false);
    expect(await section.getByRole("button", { name: "Send" }).count()).toBe(0);
    await page.getByRole("link", { name: "Models", exact: true }).first().click();
    await page
      .getByRole("rowheader", { name: /gpt-6\.2-sol/ })
      .first()
      .waitFor();
    const frame = await page.getByRole("group", { name: "Models" }).boundingBox();
    const output = await page.getByRole("columnheader", { name: "Output", exact: true }).boundingBox();
    expect((output?.x ?? 0) + (output?.width ?? 0), "prices are in sight").toBeLessThanOrEqual(
      (frame?.x ?? 0) + (frame?.width ?? 0),
    );
    expect(faults).toEqual([]);
  });

  test("reads a session's own data and asks a model, by keyboard alone", async () => {
    const { page, calls, faults } = await visit("/api/usage", {
      "GET v1/usage": ok(usage),
      "GET v1/limits": failed(401, "UNAUTHORIZED", "Sign in first."),
      "POST v1/chat/completions": { status: 200, text: chatStream("Hello") },
    });
    const operation = page.getByRole("region", { name: "GET /api/v1/usage", exact: true });
    await operation.getByLabel("tag", { exact: true }).focus();
    await page.keyboard.type("team");
    await page.keyboard.press("Enter");
    await operation.getByText('"totalRequests"').waitFor();
    expect(calls[0]?.url.search).toBe("?tag=team");
    const limits = page.getByRole("region", { name: "GET /api/v1/limits" });
    await limits.getByRole("button", { name: "Send" }).press("Enter");
    await limits.getByText("Sign in to the dashboard first, in this browser.").waitFor();
    await lookAt(page, "docs-api");
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${url()}/docs/api/generation`);
    const chat = page.getByRole("region", { name: "POST /api/v1/chat/completions" });
    await chat.getByRole("button", { name: "Send" }).click();
    await chat.getByText("200 OK").waitFor();
    const { body, headers } = calls.findLast(({ name }) => name === "POST v1/chat/completions") ?? {};
    expect(body).toEqual({ model: "gpt", messages: [{ role: "user", content: "Hello" }] });
    expect(headers).toMatchObject({ "x-concurred-page": "1" });
    expect(faults).toEqual([]);
  });

  test.each([
    ["", "docs", "Documentation"],
    ["/guide/chat", "docs-guide", "Chat completions"],
    ["/models", "docs-models", "Models"],
  ])("%s is accessible, in both themes, and fits a phone", async (path, name, title) => {
    const { page, faults } = await visit(path);
    await page.getByRole("heading", { name: title, level: 1 }).waitFor();
    await lookAt(page, name);
    expect(faults).toEqual([]);
  });
});
