import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
let source: Promise<string> | undefined;

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

declare const axe: { run(options: object): Promise<AxeResults> };

const everything = {
  type: "tag",
  values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
} as const;
/** All that a theme can change. */
const coloursOnly = { type: "rule", values: ["color-contrast", "link-in-text-block"] } as const;

/** What axe-core finds on the page as it is now, one line each. */
export const findings = async (
  page: Page,
  scope: "all" | "colours" | "structure" = "all",
): Promise<readonly string[]> => {
  source ??= readFile(axeFile, "utf8");
  // Evaluated by the debugger: the page's content security policy stays as it is. Once in each document, since it is 500 KB.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(await source);
  const runOnly = scope === "colours" ? coloursOnly : everything;
  const rules =
    scope === "structure" ? Object.fromEntries(coloursOnly.values.map((rule) => [rule, { enabled: false }])) : {};
  const { violations } = await page.evaluate(
    // What passes is not worked out in detail; no enabled rule reads style sheets.
    (options) =>
      axe.run({ ...options, resultTypes: ["violations"], elementRef: false, preload: { assets: ["media"] } }),
    { runOnly, rules },
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
};
