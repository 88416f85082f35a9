import type { Page } from "playwright-core";

/** Makes the Arena, or the Playground whose settings are open, call with an API key instead of the session. */
export const payWith = async (page: Page, key: string): Promise<void> => {
  await page.getByText("Runs on your session").click();
  await page.getByLabel("API key").fill(key);
  await page.getByLabel("API key").blur();
};

/** The same from the Playground's page. */
export const payInPlayground = async (page: Page, key: string): Promise<void> => {
  await page.getByRole("button", { name: /^Settings/ }).click();
  await payWith(page, key);
  await page.getByRole("button", { name: "Close" }).click();
};
