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
}

const count = (value: number | undefined): string => (value === undefined ? "–" : formatCount(value));

const columns = ["Requests", "Input tokens", "Output tokens", "All tokens", "Cost (USD)", "Errors", "Cache hits"];

const cellsOf = (row: UsageByName[string] | undefined): readonly string[] => [
  formatCount(row?.requests ?? 0),
  count(row === undefined ? 0 : row.inputTokens),
  count(row === undefined ? 0 : row.outputTokens),
  formatCount(row?.tokens ?? 0),
  formatCost(row === undefined ? 0 : row.cost),
  count(row === undefined ? 0 : row.errors),
  count(row === undefined ? 0 : row.cacheHits),
];

/** The numbers behind a chart, folded away. */
export const SumsTable = ({ caption, nameHead, rows, sums, summary }: SumsTableProps) => (
  <details class="table-details">
    <summary>{summary}</summary>
    <Table
      caption={caption}
      columns={[nameHead, ...columns]}
      rows={rows.map((name) => ({ key: name, cells: [name, ...cellsOf(sums[name])] }))}
    />
  </details>
);
