import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const performance = "docs/quality/performance.md";

export type Row = readonly string[];

/** A Markdown table; all columns except the first contain figures. */
export const table = (head: Row, rows: readonly Row[]): string => {
  const line = (cells: Row): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
};

/** Replaces the text between two markers of a page, docs/quality/performance.md unless given. Throws when a marker is missing. */
export const replaceSection = async (name: string, text: string, page: string = performance): Promise<void> => {
  const document = join(root, page);
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const before = await readFile(document, "utf8");
  const from = before.indexOf(begin);
  const to = before.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${page} has no section ${begin} … ${end}`);
  await writeFile(document, `${before.slice(0, from + begin.length)}\n\n${text}\n\n${before.slice(to)}`);
};
