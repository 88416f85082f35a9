import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, fakeApi, ok } from "./support/fake-api.ts";
import { choose, pressOn, tabTo, typeInto } from "./support/keyboard.ts";
import { lookAt } from "./support/look-at.ts";
import { usePageServer } from "./support/page-server.ts";
import { keys, requests, usage } from "./support/sample-data.ts";

/** Usage over time by model, by hour for a day, compared with the period before, in tables that always show the cost. */

const day = "2026-11-20";
const point = (count: number, ms: number) => ({
  requests: count,
  tokens: count * 800,
  cost: count * 0.002,
  errors: Math.floor(count / 20),
  latency: { [Math.round(ms / 100)]: count },
});
const models = [
  "gpt-5.2",
  "claude-sonnet-4-5-20250929",
  "gemini-3-pro",
  "grok-4.7",
  "deepseek/deepseek-v3.2",
  "MiniMax-M3.1",
  "mistral-large",
  "openrouter/some-lab/an-experimental-model-with-quite-a-long-identifier-2026-10-01",
  "small-1",
  "other",
];

const days = Array.from({ length: 30 }, (_, index) =>
  new Date(Date.parse("2026-10-22") + index * 86_400_000).toISOString().slice(0, 10),
);
const hours = Array.from({ length: 20 }, (_, hour) => `${day}T${String(hour).padStart(2, "0")}`);
const seriesOf = (slots: readonly string[]) =>
  Object.fromEntries(
    models.map((model, rank) => [
      model,
      Object.fromEntries(
        slots.flatMap((slot, index) =>
          (index + rank) % 5 === 0
            ? []
            : [[slot, point(10 + ((index * 7 + rank * 13) % 60), 2_000 + rank * 250 + ((index * 37) % 900))]],
        ),
      ),
    ]),
  );

const byTag = {
  search: { requests: 400, tokens: 40_000, cost: 1.2 },
  评估: { requests: 20, tokens: 900, cost: null },
};

describe.skipIf(!hasChromium)(`Usage in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (query: string, answers: Answers = {}) => {
    const opened = await open({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
    const calls = await fakeApi(opened.page, {
      "GET v1/keys": ok(keys),
      "GET v1/requests": ok({ requests, nextCursor: null }),
      "GET v1/usage": ({ url: { searchParams } }) => {
        const interval = searchParams.get("series");
        const cursor = searchParams.get("cursor");
        if (interval === null)
          return ok({ ...usage, totalRequests: 4_000, totalCost: 38.7, latency: { p50Ms: 842, p95Ms: 900 } });
        const hourly = cursor === null ? hours.slice(12) : hours.slice(0, 12);
        const byModel = seriesOf(interval === "hour" ? hourly : days);
        const nextCursor = interval === "hour" && cursor === null ? "req_1#0" : null;
        return ok({
          ...usage,
          ...(searchParams.get("tag") === "team" ? { byTag } : {}),
          series: { interval, byModel, nextCursor },
        });
      },
      ...answers,
    });
    await opened.page.goto(`${url()}/dashboard/usage?${query}`);
    await opened.page.getByText("Estimated cost").first().waitFor();
    return { ...opened, calls };
  };

  const month = `from=${days[0]}&to=${days.at(-1)}`;

  test("is stacked by model, the smaller ones together, by any measure, and compared with the period before", async () => {
    const { page, faults, calls } = await visit(month);
    await page.getByText("times the 30 days before").or(page.getByText("from the 30 days before")).first().waitFor();
    const tile = page.locator(".tile", { hasText: "Estimated cost" });
    expect(await tile.textContent()).toContain("−50% from the 30 days before");
    const before = calls.find(({ name, url: { search } }) => name === "GET v1/usage" && !search.includes("series"));
    expect(before?.url.search).toBe("?from=2026-09-22&to=2026-10-21");
    const metrics = page.getByRole("group", { name: "Chart metric" });
    const legend = page.locator(".legend li");
    expect(await legend.count()).toBe(8);
    expect(await legend.last().textContent()).toContain("other");
    expect(await page.locator(".chart rect.series-0").count()).toBeGreaterThan(20);
    for (const metric of ["Tokens", "Cost", "Errors", "Latency"]) {
      await metrics.getByRole("button", { name: metric, exact: true }).click();
      await page.getByRole("img", { name: new RegExp(`^${metric} over time by model`) }).waitFor();
    }
    expect(await page.locator(".chart path.line").count()).toBe(7);
    await lookAt(page, "usage-latency");
    await page.setViewportSize({ width: 1440, height: 900 });
    await metrics.getByRole("button", { name: "Requests", exact: true }).click();
    await page.getByRole("img", { name: /^Requests over time/ }).hover({ position: { x: 300, y: 100 } });
    expect(await page.locator(".chart-readout").textContent()).toMatch(/ on \d+ (Oct|Nov)$/);
    await page.mouse.move(0, 0);
    await lookAt(page, "usage-models");
    expect(faults).toEqual([]);
  });

  test("shows a single day by its hours, read page by page", async () => {
    const { page, faults, calls } = await visit(`from=${day}&to=${day}`);
    await page.getByRole("heading", { name: "By hour" }).waitFor();
    const asked = calls.filter(({ url: { search } }) => search.includes("series=hour"));
    expect(asked.map(({ url: { searchParams } }) => searchParams.get("cursor"))).toEqual([null, "req_1#0"]);
    await page.locator("summary", { hasText: "Table" }).click();
    const table = page.getByRole("region", { name: "Usage by hour" });
    expect(await table.getByRole("row").count()).toBe(25);
    for (const hour of ["01:00", "13:00"]) {
      const cells = table.getByRole("row", { name: new RegExp(`^${hour}`) }).getByRole("cell");
      expect(Number((await cells.nth(1).textContent())?.replace(",", "")), hour).toBeGreaterThan(50);
    }
    await lookAt(page, "usage-hours");
    expect(faults).toEqual([]);
  });

  test("shows cost at every width, in tables that sort and leave no hole beside them", async () => {
    const { page } = await visit(month);
    const table = page.getByRole("region", { name: "Usage by model" });
    const names = () => table.locator("tbody th").allTextContents();
    expect((await names())[0]).toBe("gpt-5.2");
    await table.getByRole("button", { name: "Requests" }).click();
    await table.getByRole("button", { name: "Requests" }).click();
    expect((await names())[0]).toContain("experimental-model");
    for (const width of [390, 1_024, 1_440]) {
      await page.setViewportSize({ width, height: 900 });
      const holes = await page.locator(".report").evaluate((report) => {
        const { width: whole } = report.getBoundingClientRect();
        return [...report.children].filter((card) => Math.abs(card.getBoundingClientRect().width - whole) > 1).length;
      });
      expect(holes, `${width}`).toBe(0);
      for (const region of await page.locator(".table-scroll:visible").all()) {
        const seen = await region.evaluate((frame) => {
          const head = [...frame.querySelectorAll("th")].find(({ textContent }) => textContent?.startsWith("Cost"));
          return head !== undefined && head.getBoundingClientRect().right <= frame.getBoundingClientRect().right;
        });
        expect(seen, `${width}: ${await region.getAttribute("aria-label")}`).toBe(true);
      }
    }
  });

  test("is read by keyboard alone: range, measure, tables, a tag, a key, and the file of it all", async () => {
    const { page, calls } = await visit("");
    await pressOn(page, page.getByRole("button", { name: "7 days" }));
    await expect.poll(() => new URL(page.url()).search).toMatch(/^\?from=[\d-]+&to=/);
    await pressOn(page, page.getByRole("group", { name: "Chart metric" }).getByRole("button", { name: "Cost" }));
    await page.getByRole("img", { name: /^Cost over time by model/ }).waitFor();
    await pressOn(page, page.locator("summary", { hasText: "Table" }));
    const byDay = page.getByRole("region", { name: "Usage by day" });
    await pressOn(page, byDay.getByRole("button", { name: "Errors" }));
    expect(await byDay.locator("[aria-sort]").textContent()).toBe("Errors");
    await tabTo(page, page.getByLabel("Tag", { exact: true }));
    expect(
      await page.locator("datalist option").evaluateAll((all) => all.map((one) => one.getAttribute("value"))),
    ).toEqual(["team"]);
    await typeInto(page, page.getByLabel("Tag", { exact: true }), "team");
    await page.keyboard.press("Enter");
    const table = page.getByRole("region", { name: "Usage by team" });
    await table.waitFor();
    expect(page.url()).toContain("tag=team");
    expect(calls.at(-1)?.url.searchParams.get("tag")).toBe("team");
    expect(await table.locator("tbody th").allTextContents()).toEqual(["search", "评估"]);
    await lookAt(page, "usage-tags");
    await page.setViewportSize({ width: 1440, height: 900 });
    await choose(page, page.getByLabel("Key", { exact: true }), "Production");
    await page.getByText("Tags are summed over all keys").waitFor();
    const downloading = page.waitForEvent("download");
    await pressOn(page, page.getByRole("button", { name: "Download CSV" }));
    expect((await downloading).suggestedFilename()).toMatch(/^usage-.*\.csv$/);
  });
});
