import type { UsageByName } from "../../api/usage.ts";
import { formatCost, formatCount } from "../../format.ts";
import { Table } from "../../ui/table.tsx";

interface SumsTableProps {
  readonly caption: string;
  /** Head of the first column. */
  readonly nameHead: string;
  readonly rows: readonly string[];
  readonly sums: UsageByName;
  /** Names are shown so. */
  readonly text?: ((name: string) => string) | undefined;
  /** Each name has its share of the cost, or of the requests where nothing cost, as a bar. */
  readonly bars?: boolean;
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

const Bar = ({ share }: { share: number }) => (
  <svg class="share-bar" aria-hidden="true">
    <rect class="share-track" width="100%" height="4" rx="2" />
    <rect class="bar" width={`${share * 100}%`} height="4" rx="2" />
  </svg>
);

/** Exact sums, one row for each name. */
export const SumsTable = ({ caption, nameHead, rows, sums, text = (name) => name, bars = false }: SumsTableProps) => {
  const costs = Object.values(sums).some(({ cost }) => (cost ?? 0) > 0);
  const sizeOf = ({ cost, requests }: Sums): number => (costs ? (cost ?? 0) : requests);
  const greatest = Math.max(0, ...Object.values(sums).map(sizeOf)) || 1;
  const toRow = (name: string, row: Sums = none) => ({
    key: name,
    cells: [
      bars ? (
        <>
          {text(name)}
          <Bar share={sizeOf(row) / greatest} />
        </>
      ) : (
        text(name)
      ),
      ...columns.map(([, value, shown]) => shown?.(row) ?? count(value(row))),
    ],
    // An unknown amount sorts below zero.
    values: [name, ...columns.map(([, value]) => value(row) ?? -1)],
  });
  return (
    <Table
      caption={caption}
      columns={[nameHead, ...columns.map(([head]) => head)]}
      rows={rows.map((name) => toRow(name, sums[name]))}
    />
  );
};

/** Names with the greatest cost first; then the most requests. */
export const bySize = (sums: UsageByName): readonly string[] =>
  Object.entries(sums)
    .sort(([, one], [, other]) => (other.cost ?? 0) - (one.cost ?? 0) || other.requests - one.requests)
    .map(([name]) => name);
