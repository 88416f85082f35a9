import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Figure } from "./statistics.ts";

const root = join(import.meta.dirname, "../..");
const performance = "docs/quality/performance.md";

export type Row = readonly string[];

export const short = (value: number, digits: number): string => value.toFixed(digits);

/** The median with the range of the rounds, where there was more than one. */
export const figure = ({ median, lowest, highest }: Figure, digits = 2): string =>
  lowest === highest
    ? short(median, digits)
    : `${short(median, digits)} (${short(lowest, digits)}–${short(highest, digits)})`;

/** Whether a goal is met. */
export const verdict = (value: number, goal: number): string =>
  value <= goal ? "yes" : `no, by ${short((value / goal - 1) * 100, 0)} %`;

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
