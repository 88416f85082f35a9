import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { findings } from "./axe.ts";

const folder = join(import.meta.dirname, "../../../.test-output/screenshots");

/**
 * Writes a page as PNG for a person to look at: only where `SCREENSHOTS` is set, since painting a page takes as long as
 * checking it. Set, the browser tests leave every page in `.test-output/screenshots`.
 */
export const screenshot = async (page: Page, name: string, fullPage = true): Promise<void> => {
  if (process.env.SCREENSHOTS === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
};

/** What is looked at, in this order. One load of the page serves them all. A width changes no colour. */
const looks = [
  { look: "desktop-light", colorScheme: "light", viewport: { width: 1440, height: 900 }, scope: "all" },
  { look: "desktop-dark", colorScheme: "dark", viewport: { width: 1440, height: 900 }, scope: "colours" },
  { look: "tablet-dark", colorScheme: "dark", viewport: { width: 1024, height: 768 }, scope: "structure" },
  { look: "phone-dark", colorScheme: "dark", viewport: { width: 390, height: 844 }, scope: "colours" },
  { look: "phone-light", colorScheme: "light", viewport: { width: 390, height: 844 }, scope: "all" },
  { look: "narrow-light", colorScheme: "light", viewport: { width: 360, height: 740 }, scope: "none" },
] as const;

/** What scrolls sideways and does not say so: tables and code do, by being regions that a keyboard reaches. */
const sidewaysScrollers = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("body *")].flatMap((element) => {
      const { overflowX } = getComputedStyle(element);
      const scrolls = (overflowX === "auto" || overflowX === "scroll") && element.scrollWidth > element.clientWidth + 1;
      return scrolls && element.tabIndex !== 0
        ? [`<${element.tagName.toLowerCase()} class="${element.className}">`]
        : [];
    }),
  );

/** The page as it is, in both themes, at every width: axe-core finds nothing, and nothing is cut off. */
export const lookAt = async (page: Page, name: string): Promise<void> => {
  // A dialog belongs to the window, not to the page beneath it.
  const fullPage = (await page.getByRole("dialog").count()) === 0;
  for (const { look, colorScheme, viewport, scope } of looks) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await screenshot(page, `${name}-${look}`, fullPage);
    if (scope !== "none") expect(await findings(page, scope)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
    expect(await sidewaysScrollers(page), look).toEqual([]);
  }
};
