import type { Locator, Page } from "playwright-core";

const stopsAtMost = 80;

/** Presses Tab until the control has the focus, as a person without a mouse does. Throws where it is not on the way. */
export const tabTo = async (page: Page, control: Locator): Promise<void> => {
  await control.waitFor();
  for (let stop = 0; stop < stopsAtMost; stop++) {
    if (await control.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${String(control)}`);
};
