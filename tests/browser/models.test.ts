import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { fakeApi, ok } from "./support/fake-api.ts";
import { choose, pressOn } from "./support/keyboard.ts";
import { lookAt } from "./support/look-at.ts";
import { usePageServer } from "./support/page-server.ts";
import { catalogue } from "./support/sample-data.ts";

/** The catalogue as a table: found by words, sorted by price, its ids copied. */

describe.skipIf(!hasChromium)(`The models in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async () => {
    const opened = await open({
      viewport: { width: 1440, height: 900 },
      reducedMotion: "reduce",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const calls = await fakeApi(opened.page, { "GET v1/models": ok(catalogue), "GET v1/keys": ok([]) });
    await opened.page.goto(`${url()}/dashboard/playground`);
    return { ...opened, calls };
  };

  test("lead from the Playground's model choice to a table that is searched, sorted and copied from", async () => {
    const { page, faults } = await visit();
    await page.getByRole("button", { name: "Model: gpt" }).click();
    await page.getByRole("link", { name: "Compare models and prices" }).click();
    const table = page.getByRole("region", { name: "Models" });
    const ids = () => table.locator("th code").allTextContents();
    await page.getByText("3 models").waitFor();
    expect(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)).toBe(true);
    expect(await table.getByRole("row", { name: /gpt-5.2/ }).textContent()).toContain(
      "$1.75$14400,000openai128,000$0.175tools, reasoning, JSON schema, image, file",
    );
    expect(await table.getByText("openrouter · 131,072 tokens of context, 16,384 out at most").count()).toBe(1);
    expect(await table.getByText("Ends on 1 Apr 2027. Use claude-haiku-5-5.").count()).toBe(1);

    await table.getByRole("button", { name: "Output", exact: true }).click();
    expect(await ids()).toEqual(["gpt-5.2", "claude-haiku-4-5-20251001", "meta-llama/llama-3.3-70b-instruct"]);
    await table.getByRole("button", { name: "Output", exact: true }).click();
    expect(await ids()).toEqual(["meta-llama/llama-3.3-70b-instruct", "claude-haiku-4-5-20251001", "gpt-5.2"]);
    await lookAt(page, "models");
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)).toBe(true);

    await page.getByLabel("Search").fill("tools image");
    await page.getByLabel("Provider").selectOption("anthropic");
    await page.getByText("1 model", { exact: true }).waitFor();
    await table.getByRole("button", { name: "Copy id" }).click();
    await table.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("claude-haiku-4-5-20251001");
    await page.getByLabel("Search").fill("nothing of the kind");
    await page.getByText("No matching models").waitFor();
    expect(faults).toEqual([]);
  });

  test("are filtered, compared side by side and tried, by keyboard alone", async () => {
    const { page, faults } = await visit();
    await pressOn(page, page.getByRole("link", { name: "Models", exact: true }));
    await page.getByText("3 models").waitFor();
    const count = (text: string) => page.getByText(text, { exact: true }).waitFor();
    await choose(page, page.getByLabel("Takes"), "file");
    await count("1 model");
    await choose(page, page.getByLabel("Takes"), "");
    await choose(page, page.getByLabel("Can"), "tools");
    await count("2 models");
    await choose(page, page.getByLabel("Output price"), "up to $5");
    await count("1 model");
    await choose(page, page.getByLabel("Can"), "");
    await count("2 models");
    await choose(page, page.getByLabel("Context"), "400");
    await page.getByText("No matching models").waitFor();
    await choose(page, page.getByLabel("Output price"), "");
    await count("1 model");
    await page.getByText("Above 272,000 input tokens: $3.5 in, $21 out").waitFor();
    await page.getByText("From 1 Jan 2027: $1.5 in, $12 out").waitFor();
    await choose(page, page.getByLabel("Context"), "");
    await pressOn(page, page.getByLabel("Compare gpt-5.2"), "Space");
    await page.getByText("Choose another model").waitFor();
    await pressOn(page, page.getByLabel("Compare claude-haiku-4-5-20251001"), "Space");
    const comparison = page.getByRole("region", { name: "Comparison of models" });
    expect(
      await comparison
        .getByRole("row", { name: /^Output/ })
        .getByRole("cell")
        .allTextContents(),
    ).toEqual(["$14", "$5"]);
    await lookAt(page, "models-compared");
    await page.setViewportSize({ width: 1440, height: 900 });
    const sortByOutput = page
      .getByRole("region", { name: "Models" })
      .getByRole("button", { name: "Output", exact: true });
    await pressOn(page, sortByOutput);
    expect(await sortByOutput.evaluate((button) => button.closest("th")?.ariaSort)).toBe("descending");
    await pressOn(page, page.getByRole("row", { name: /claude-haiku/ }).getByRole("link", { name: "Try" }));
    await page.getByRole("heading", { name: "Playground", level: 1 }).waitFor();
    await page.getByRole("main").getByText("claude-haiku-4-5-20251001").first().waitFor();
    expect(faults).toEqual([]);
  });

  test("need no key", async () => {
    const { page, calls } = await visit();
    await page.getByRole("link", { name: "Models", exact: true }).click();
    await page.getByText("3 models").waitFor();
    const { headers } = calls.findLast(({ name }) => name === "GET v1/models") ?? {};
    expect(headers).toMatchObject({ "x-concurred-page": "1" });
    expect(headers).not.toHaveProperty("authorization");
  });
});
