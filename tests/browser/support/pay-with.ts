import type { Page } from "playwright-core";

/** Makes the Playground and the Arena call with an API key instead of the session. */
export const payWith = async (page: Page, key: string): Promise<void> => {
  await page.getByText("Runs on your session").click();
  await page.getByLabel("API key").fill(key);
  await page.getByLabel("API key").blur();
};
