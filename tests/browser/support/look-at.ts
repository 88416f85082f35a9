import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { seriousFindings } from "./axe.ts";

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

/** What is looked at, in this order. One load of the page serves them all. */
const looks = [
  { look: "desktop-light", colorScheme: "light", viewport: { width: 1280, height: 800 }, scope: "all" },
  { look: "desktop-dark", colorScheme: "dark", viewport: { width: 1280, height: 800 }, scope: "colours" },
  { look: "phone-dark", colorScheme: "dark", viewport: { width: 390, height: 844 }, scope: "colours" },
  { look: "phone-light", colorScheme: "light", viewport: { width: 390, height: 844 }, scope: "all" },
] as const;

const narrow = { width: 360, height: 740 };

/** The page as it is, in both themes, on a desktop and on a phone: nothing that axe-core calls serious, nothing cut off. */
export const lookAt = async (page: Page, name: string): Promise<void> => {
  // A dialog belongs to the window, not to the page beneath it.
  const fullPage = (await page.getByRole("dialog").count()) === 0;
  for (const { look, colorScheme, viewport, scope } of looks) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await screenshot(page, `${name}-${look}`, fullPage);
    expect(await seriousFindings(page, scope)).toEqual([]);
  }
  await page.setViewportSize(narrow);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(narrow.width);
};
