import type { Page } from "playwright-core";

/** Chooses a model in the picker of the Playground or the Arena, by its id. */
export const pickModel = async (page: Page, id: string, label = "Model"): Promise<void> => {
  await page.getByRole("button", { name: new RegExp(`^${label}: `) }).click();
  await page.getByRole("combobox", { name: "Search models" }).fill(id);
  await page
    .getByRole("option")
    .filter({ has: page.getByText(id, { exact: true }) })
    .first()
    .click();
};
