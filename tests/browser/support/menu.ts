import type { Page } from "playwright-core";

/** Chooses from the menu of a key's row. */
export const chooseFor = async (page: Page, name: string, item: string): Promise<void> => {
  await page.getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
};
