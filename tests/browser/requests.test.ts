import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, failed, fakeApi, ok, requestId } from "./support/fake-api.ts";
import { isCalm, maxInteractionMs, measureInteractions } from "./support/interactions.ts";
import { tabTo } from "./support/keyboard.ts";
import { usePageServer } from "./support/page-server.ts";
import { requests } from "./support/sample-data.ts";

/** The request log in the dashboard: filtered, paged, live, with details and feedback. */

const [first, second, third] = requests;
const whole = (index: number) => ok({ ...requests[index], generations: [requests[index]] });
const detailsOf = (index: number) => `GET v1/requests/${requests[index]?.id}`;

describe.skipIf(!hasChromium)(`The requests in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (answers: Answers, path = "requests") => {
    const opened = await open({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
    const calls = await fakeApi(opened.page, { "GET v1/keys": ok([]), ...answers });
    await opened.page.goto(`${url()}/dashboard/${path}`);
    return { ...opened, calls };
  };

  const page = (from: number, to: number, nextCursor: string | null = null) =>
    ok({ requests: requests.slice(from, to), nextCursor });

  test("are filtered by what is chosen and typed, and older ones follow on demand", async () => {
    const {
      page: tab,
      calls,
      faults,
    } = await visit({
      "GET v1/requests": ({ url: asked }) =>
        asked.searchParams.has("cursor") ? page(2, 3) : page(0, 2, asked.searchParams.has("model") ? null : "older"),
    });
    const rows = () => tab.getByRole("region", { name: "Requests" }).getByRole("row").count();
    await tab.getByRole("button", { name: "Show older" }).click();
    await expect.poll(rows).toBe(4);
    expect(await tab.getByRole("button", { name: "Show older" }).count()).toBe(0);
    await tab.getByLabel("Model", { exact: true }).fill("gpt-5.2");
    await tab.getByLabel("Model", { exact: true }).blur();
    await tab.getByLabel("Status").selectOption("error");
    await expect.poll(() => calls.at(-1)?.url.search).toBe("?status=error&model=gpt-5.2&limit=100");
    await expect.poll(rows).toBe(3);
    await tab.getByLabel("Provider").fill("openai");
    await tab.getByLabel("From").fill("2026-11-01");
    await tab.getByLabel("From").blur();
    const filter = "?status=error&model=gpt-5.2&provider=openai&from=2026-11-01";
    await expect.poll(() => calls.at(-1)?.url.search).toBe(`${filter}&limit=100`);
    // The address is the filter: a link shows the same.
    expect(new URL(tab.url()).search).toBe(filter);
    await tab.reload();
    await tab
      .getByRole("button", { name: /details$/ })
      .first()
      .waitFor();
    await expect
      .poll(() => calls.findLast(({ name }) => name === "GET v1/requests")?.url.search)
      .toBe(`${filter}&limit=100`);
    expect(await tab.getByLabel("Status").inputValue()).toBe("error");
    expect(faults).toEqual([]);
  });

  test("show their attempts, and take feedback", async () => {
    const { page: tab, calls } = await visit({
      "GET v1/requests": page(0, 3),
      [detailsOf(1)]: whole(1),
      [`POST v1/requests/${second?.id}/feedback`]: ok({ id: second?.id, feedback: { score: 1, comment: null } }),
    });
    await tab.getByRole("button", { name: `${second?.model}, OK: details` }).click();
    const dialog = tab.getByRole("dialog");
    await dialog.getByText("claude-opus-5-5, a fallback").waitFor();
    expect(await dialog.getByRole("region", { name: "Attempts" }).textContent()).toContain("server (503)");
    for (const fact of ["Playground", "ChatCompletions", "200", "team=search", "9 ms", "640 ms"]) {
      expect(await dialog.getByText(fact, { exact: true }).count(), fact).toBeGreaterThan(0);
    }
    await dialog.getByLabel("Comment (optional)").fill("Right, and short");
    await dialog.getByRole("button", { name: "Good answer" }).click();
    await dialog.getByText("Noted.").waitFor();
    expect(calls.at(-1)?.body).toEqual({ score: 1, comment: "Right, and short" });
    await tab.keyboard.press("Escape");
    await expect.poll(() => tab.url()).not.toContain("id=");
  });

  test("show what their key has recorded, as text", async () => {
    const said = (role: string, parts: readonly object[]) => ({ role, parts });
    const content = {
      prompt: {
        messages: [
          said("system", [{ type: "text", content: "Be brief" }]),
          said("user", [
            { type: "text", content: "Is it <b>raining</b>?" },
            { type: "omitted", modality: "image", characters: 9 },
          ]),
        ],
        cut: true,
      },
      answer: {
        messages: [
          said("assistant", [{ type: "tool_call", id: "call_1", name: "weather", arguments: '{"city":"Paris"}' }]),
        ],
        cut: false,
      },
    };
    const { page: tab, faults } = await visit(
      {
        "GET v1/requests": page(0, 1),
        [detailsOf(0)]: ok({ ...first, content, generations: [{ ...first, content }] }),
      },
      `requests?id=${first?.id}`,
    );
    const dialog = tab.getByRole("dialog");
    const prompt = dialog.getByRole("region", { name: "Prompt" });
    await prompt.getByText("Is it <b>raining</b>?", { exact: true }).waitFor();
    await prompt.getByText("[image, not kept]").waitFor();
    await prompt.getByText("Cut: more was said than is kept.").waitFor();
    await dialog.getByRole("region", { name: "Answer" }).getByText('weather({"city":"Paris"})').waitFor();
    expect(faults).toEqual([]);
  });

  test("are where an error's request id leads to", async () => {
    const { page: tab } = await visit(
      {
        "GET v1/models": ok([]),
        "POST v1/chat/completions": failed(502, "PROVIDER_ERROR", "The provider is down."),
        "GET v1/requests": page(2, 3),
        [`GET v1/requests/${requestId}`]: ok({ ...third, id: requestId, generations: [third] }),
      },
      "playground",
    );
    await tab.getByLabel("Message").fill("Hello");
    await tab.keyboard.press("Enter");
    await tab.getByRole("link", { name: requestId }).click();
    await tab.getByRole("dialog").getByText("PROVIDER_ERROR").waitFor();
  });

  test("that are not there are told in the API's own words", async () => {
    const { page: tab } = await visit(
      { "GET v1/requests": page(0, 0), [detailsOf(0)]: failed(404, "NOT_FOUND", "No request has this id.") },
      `requests?id=${first?.id}`,
    );
    await tab.getByRole("dialog").getByText("No request has this id.").waitFor();
  });

  test("are a thousand rows, and each interaction is painted within 200 ms", async () => {
    const all = Array.from({ length: 1_000 }, (_, index) => ({
      ...requests[index % requests.length],
      id: `req_0199c0de-7000-7000-8000-${String(index).padStart(12, "0")}`,
    }));
    const { page: tab, faults } = await visit({
      "GET v1/requests": ({ url: { searchParams } }) => {
        if (searchParams.has("status")) return page(2, 3);
        const start = Number(searchParams.get("cursor") ?? 0);
        return ok({ requests: all.slice(start, start + 100), nextCursor: start < 900 ? String(start + 100) : null });
      },
      [`GET v1/requests/${all[801]?.id}`]: whole(1),
    });
    const rows = () => tab.locator(".requests tbody tr").count();
    // By class: the name of each of a thousand buttons would be worked out within the measured page.
    const older = tab.locator(".requests ~ .button");
    for (let shown = 200; shown < 1_000; shown += 100) {
      await older.click();
      await expect.poll(rows, { timeout: 10_000 }).toBe(Math.min(shown, 200));
      if (shown > 200) await tab.getByText(`The newest ${shown - 200} of these are not shown.`).waitFor();
    }
    const { interact, longestMs } = await measureInteractions(tab);
    await interact("show the last hundred", () => older.click());
    await tab.getByText("The newest 800 of these are not shown.").waitFor();
    const details = tab.locator(".row-button").nth(1);
    await details.scrollIntoViewIfNeeded();
    await interact("open details", () => details.click());
    await tab.getByRole("dialog").getByText("claude-opus-5-5, a fallback").waitFor();
    await interact("close details", () => tab.keyboard.press("Escape"));
    await interact("back to the newest", () => tab.locator(".toolbar .button").click());
    await expect.poll(rows, { timeout: 10_000 }).toBe(100);
    const model = tab.getByLabel("Model", { exact: true });
    await interact("focus", () => model.focus());
    for (const key of ["g", "p", "t"]) await interact(`type ${key}`, () => tab.keyboard.press(key));
    await interact("filter", () => tab.getByLabel("Status").selectOption("error"));
    await expect.poll(rows, { timeout: 10_000 }).toBe(1);
    if (isCalm()) expect(await longestMs()).toBeLessThan(maxInteractionMs);
    expect(faults).toEqual([]);
  });

  test("are filtered, opened, rated and closed by keyboard alone", async () => {
    const { page: tab, calls } = await visit({
      "GET v1/requests": page(0, 3),
      [detailsOf(0)]: whole(0),
      [`POST v1/requests/${first?.id}/feedback`]: ok({ id: first?.id, feedback: { score: -1, comment: null } }),
    });
    await tab
      .getByRole("button", { name: /details$/ })
      .first()
      .waitFor();
    await tabTo(tab, tab.getByLabel("Status"));
    await tab.keyboard.press("E");
    await expect.poll(() => calls.at(-1)?.url.searchParams.get("status")).toBe("error");
    await tabTo(tab, tab.getByRole("button", { name: /details$/ }).first());
    await tab.keyboard.press("Enter");
    await tabTo(tab, tab.getByRole("dialog").getByRole("button", { name: "Bad answer" }));
    await tab.keyboard.press("Enter");
    await tab.getByText("Noted.").waitFor();
    await tab.keyboard.press("Escape");
    await expect.poll(() => tab.url()).not.toContain("id=");
    expect(new URL(tab.url()).search).toBe("?status=error");
  });
});
