import type { UsageByName } from "../../api/usage.ts";
import { formatCost, formatCount } from "../../format.ts";

interface SumsTableProps {
  readonly caption: string;
  /** Head of the first column. */
  readonly nameHead: string;
  readonly rows: readonly string[];
  readonly sums: UsageByName;
  readonly summary: string;
}

const count = (value: number | undefined): string => (value === undefined ? "–" : formatCount(value));

/** The numbers behind a chart, folded away. */
export const SumsTable = ({ caption, nameHead, rows, sums, summary }: SumsTableProps) => (
  <details class="table-details">
    <summary>{summary}</summary>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
    <section class="table-scroll" tabIndex={0} aria-label={caption}>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{nameHead}</th>
            <th scope="col">Requests</th>
            <th scope="col">Input tokens</th>
            <th scope="col">Output tokens</th>
            <th scope="col">All tokens</th>
            <th scope="col">Cost (USD)</th>
            <th scope="col">Errors</th>
            <th scope="col">Cache hits</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((name) => {
            const row = sums[name];
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{formatCount(row?.requests ?? 0)}</td>
                <td>{count(row === undefined ? 0 : row.inputTokens)}</td>
                <td>{count(row === undefined ? 0 : row.outputTokens)}</td>
                <td>{formatCount(row?.tokens ?? 0)}</td>
                <td>{row === undefined ? formatCost(0) : formatCost(row.cost)}</td>
                <td>{count(row === undefined ? 0 : row.errors)}</td>
                <td>{count(row === undefined ? 0 : row.cacheHits)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  </details>
);
