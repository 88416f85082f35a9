import type { Locator, Page } from "playwright-core";

const mostSteps = 120;

type Way = "there" | "Tab" | "Shift+Tab";

/** Moves the focus to an element as a person without a mouse does, the shorter way, and fails where Tab does not get there. */
export const tabTo = async (page: Page, target: Locator): Promise<void> => {
  await target.waitFor();
  for (let steps = 0; steps < mostSteps; steps += 1) {
    const way = await target.evaluate((element): Way => {
      const { activeElement } = document;
      if (element === activeElement || activeElement === null) return element === activeElement ? "there" : "Tab";
      const isBehind = (element.compareDocumentPosition(activeElement) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
      return isBehind && !element.contains(activeElement) ? "Shift+Tab" : "Tab";
    });
    if (way === "there") return;
    await page.keyboard.press(way);
  }
  throw new Error(`Tab does not reach ${String(target)}`);
};

/** The same, and presses a key there. */
export const pressOn = async (page: Page, target: Locator, key = "Enter"): Promise<void> => {
  await tabTo(page, target);
  await page.keyboard.press(key);
};

/** The same, and chooses what starts with these words in a select; nothing is its first option. */
export const choose = async (page: Page, target: Locator, words: string): Promise<void> => {
  await tabTo(page, target);
  await (words === "" ? page.keyboard.press("Home") : page.keyboard.type(words));
};

/** The same, and types there. */
export const typeInto = async (page: Page, target: Locator, text: string): Promise<void> => {
  await tabTo(page, target);
  await page.keyboard.type(text);
};
