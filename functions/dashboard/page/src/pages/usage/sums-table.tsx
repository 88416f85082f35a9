import type { UsageByName } from "../../api/usage.ts";
import { formatCost, formatCount } from "../../format.ts";
import { Table } from "../../ui/table.tsx";

interface SumsTableProps {
  readonly caption: string;
  /** Head of the first column. */
  readonly nameHead: string;
  readonly rows: readonly string[];
  readonly sums: UsageByName;
  readonly summary: string;
  /** Open at first. */
  readonly open?: boolean;
}

type Sums = UsageByName[string];

const count = (value: number | undefined): string => (value === undefined ? "–" : formatCount(value));

/** Cost first: it must be in sight at every width. */
const columns: readonly (readonly [
  head: string,
  value: (row: Sums) => number | undefined,
  text?: (row: Sums) => string,
])[] = [
  ["Cost (USD)", ({ cost }) => cost ?? undefined, ({ cost }) => formatCost(cost)],
  ["Requests", ({ requests }) => requests],
  ["Input tokens", ({ inputTokens }) => inputTokens],
  ["Output tokens", ({ outputTokens }) => outputTokens],
  ["All tokens", ({ tokens }) => tokens],
  ["Errors", ({ errors }) => errors],
  ["Cache hits", ({ cacheHits }) => cacheHits],
];

const none: Sums = { requests: 0, inputTokens: 0, outputTokens: 0, tokens: 0, cost: 0, errors: 0, cacheHits: 0 };

const toRow = (name: string, row: Sums = none) => ({
  key: name,
  cells: [name, ...columns.map(([, value, text]) => text?.(row) ?? count(value(row)))],
  // An unknown amount sorts below zero.
  values: [name, ...columns.map(([, value]) => value(row) ?? -1)],
});

/** The numbers behind a chart. */
export const SumsTable = ({ caption, nameHead, rows, sums, summary, open = false }: SumsTableProps) => (
  <details class="table-details" open={open}>
    <summary>{summary}</summary>
    <Table
      caption={caption}
      columns={[nameHead, ...columns.map(([head]) => head)]}
      rows={rows.map((name) => toRow(name, sums[name]))}
    />
  </details>
);
