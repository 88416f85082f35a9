import type { Usage } from "../../api/usage.ts";
import { formatCompact, formatCost, formatCount, formatMs, plural } from "../../format.ts";
import { Notice } from "../../ui/notice.tsx";

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly exact?: string;
  readonly sub: string;
}

const Tile = ({ name, value, exact, sub }: TileProps) => (
  <div class="tile">
    <dt>{name}</dt>
    <dd class="tile-value" title={exact}>
      {value}
    </dd>
    <dd class="tile-sub">{sub}</dd>
  </div>
);

const share = (part: number, whole: number): string =>
  whole === 0 ? "0%" : `${((part / whole) * 100).toFixed(part === 0 || part === whole ? 0 : 1)}%`;

export const Totals = ({ usage }: { usage: Usage }) => {
  const { totalRequests, totalTokens, totalCost, byokCost, latency, unpriced = 0, errors = 0, cacheHits = 0 } = usage;
  const { generations = totalRequests } = usage;
  return (
    <>
      <dl class="tiles">
        <Tile
          name="Requests"
          value={formatCompact(totalRequests)}
          exact={formatCount(totalRequests)}
          sub={`${plural(errors, "error")} (${share(errors, totalRequests)})`}
        />
        <Tile
          name="Tokens"
          value={formatCompact(totalTokens)}
          exact={formatCount(totalTokens)}
          sub={plural(generations, "generation")}
        />
        <Tile
          name="Estimated cost"
          value={formatCost(totalCost)}
          sub={`${formatCost(byokCost ?? 0)} of it on your own provider keys`}
        />
        <Tile name="Cache hits" value={share(cacheHits, totalRequests)} sub={plural(cacheHits, "request")} />
        <Tile name="Median latency" value={formatMs(latency?.p50Ms)} sub={`95% within ${formatMs(latency?.p95Ms)}`} />
      </dl>
      {unpriced === 0 ? null : (
        <Notice kind="warning">
          <p>
            {plural(unpriced, "generation has", "generations have")} no known price and {unpriced === 1 ? "is" : "are"}{" "}
            missing from the cost: the true one is higher.
          </p>
        </Notice>
      )}
    </>
  );
};
