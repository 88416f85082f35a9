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
export const findings = async (page: Page, scope: "all" | "colours" = "all"): Promise<readonly string[]> => {
  source ??= readFile(axeFile, "utf8");
  // Evaluated by the debugger: the page's content security policy stays as it is.
  await page.evaluate(await source);
  const runOnly = scope === "all" ? everything : coloursOnly;
  const { violations } = await page.evaluate((only) => axe.run({ runOnly: only }), runOnly);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
};
