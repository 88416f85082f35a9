import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { repositoryRoot } from "#tests/support/repository-files.ts";

const folder = join(repositoryRoot, "docs/decisions");

it("docs/decisions/README.md lists every decision with its number, title, date and status", () => {
  const rows = readdirSync(folder)
    .filter((name) => name !== "README.md")
    .toSorted()
    .map((name) => {
      const text = readFileSync(join(folder, name), "utf8");
      const [, number, title, date, status] =
        /^# (\d{4}): (.+)\n\nDate: (\d{4}-\d{2}-\d{2}) · Status: (.+)\n/.exec(text) ?? [];
      expect(name.slice(0, 4), name).toBe(number);
      return `| ${number} | [${title}](${name}) | ${date} | ${status} |`;
    });
  const index = readFileSync(join(folder, "README.md"), "utf8");
  expect(index.match(/^\| \d{4} .+$/gm)).toEqual(rows);
});
