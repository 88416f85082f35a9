import type { UnitSums, Usage, UsageSums } from "../../api/usage.ts";

/** Usage as a CSV file (RFC 4180), made in the browser from what is shown. */

/** Tokens, or the units of media; a cell of what a row does not have is empty. */
type Row = Partial<UsageSums & UnitSums>;

const columns = [
  "requests",
  "inputTokens",
  "outputTokens",
  "cachedTokens",
  "reasoningTokens",
  "tokens",
  "cost",
  "unpriced",
  "errors",
  "cacheHits",
  "units",
] as const satisfies readonly (keyof Row)[];

/** A spreadsheet must not take a name for a formula. */
const cell = (value: string | number | null | undefined): string => {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const rowsOf = (dimension: string, sums: Readonly<Record<string, Row>>): string[] =>
  Object.entries(sums).map(([name, row]) =>
    [dimension, name, ...columns.map((column) => row[column])].map(cell).join(","),
  );

/** One row for each day, model, key, provider, unit and value of the tag that is shown; an unknown cost is an empty cell. */
export const toCsv = ({ byDay = {}, byModel, byKey = {}, byProvider = {}, byUnit = {}, byTag = {} }: Usage): string => {
  const days = Object.fromEntries(Object.entries(byDay).sort(([one], [other]) => one.localeCompare(other)));
  const rows = [
    ...rowsOf("day", days),
    ...rowsOf("model", byModel),
    ...rowsOf("key", byKey),
    ...rowsOf("provider", byProvider),
    ...rowsOf("unit", byUnit),
    ...rowsOf("tag", byTag),
  ];
  const head = ["dimension", "name", ...columns.map((column) => (column === "cost" ? "costUsd" : column))].join(",");
  return `${[head, ...rows].join("\r\n")}\r\n`;
};

/** Hands a text to the browser as a file. */
export const download = (name: string, text: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
};
