import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { fieldTableMarkdown } from "#infra/commands/write-field-table.ts";

test("docs/reference/fields.md is what the field table says (npm run operator -- write-fields writes it)", async () => {
  const page = await readFile(new URL("../../../docs/reference/fields.md", import.meta.url), "utf8");
  expect(page).toBe(fieldTableMarkdown());
});
