import type { Usage } from "../../api/usage.ts";
import { formatCompact, formatCost, formatCount, formatMs, plural } from "../../format.ts";
import { Notice } from "../../ui/notice.tsx";

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly exact?: string;
  readonly sub: string;
  /** How it compares with the period before; nothing until that is known. */
  readonly change?: string | undefined;
}

const Tile = ({ name, value, exact, sub, change }: TileProps) => (
  <div class="tile">
    <dt>{name}</dt>
    <dd class="tile-value" title={exact}>
      {value}
    </dd>
    <dd class="tile-sub">{sub}</dd>
    {change === undefined ? null : <dd class="tile-sub">{change}</dd>}
  </div>
);

const share = (part: number, whole: number): string =>
  whole === 0 ? "0%" : `${((part / whole) * 100).toFixed(part === 0 || part === whole ? 0 : 1)}%`;

/** `+12%`; beyond ten times as much a factor. */
const changeOf = (
  now: number | null | undefined,
  before: number | null | undefined,
  days: number,
): string | undefined => {
  if (now === null || now === undefined || before === null || before === undefined) return undefined;
  const period = days === 1 ? "the day before" : `the ${days} days before`;
  if (before === 0) return now === 0 ? undefined : `none in ${period}`;
  const ratio = now / before;
  if (Math.abs(ratio - 1) < 0.005) return `as in ${period}`;
  const amount =
    ratio >= 10
      ? `${formatCount(ratio)} times`
      : `${ratio < 1 ? "−" : "+"}${Math.abs((ratio - 1) * 100).toFixed(0)}% from`;
  return `${amount} ${period}`;
};

interface TotalsProps {
  readonly usage: Usage;
  /** The same for as many days before. */
  readonly before: Usage | undefined;
  readonly days: number;
}

/** Length: markup of the tiles. */
export const Totals = ({ usage, before, days }: TotalsProps) => {
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
          change={changeOf(totalRequests, before?.totalRequests, days)}
        />
        <Tile
          name="Tokens"
          value={formatCompact(totalTokens)}
          exact={formatCount(totalTokens)}
          sub={plural(generations, "generation")}
          change={changeOf(totalTokens, before?.totalTokens, days)}
        />
        <Tile
          name="Estimated cost"
          value={formatCost(totalCost)}
          sub={`${formatCost(byokCost ?? 0)} of it on your own provider keys`}
          change={changeOf(totalCost, before?.totalCost, days)}
        />
        <Tile name="Cache hits" value={share(cacheHits, totalRequests)} sub={plural(cacheHits, "request")} />
        <Tile
          name="Median latency"
          value={formatMs(latency?.p50Ms)}
          sub={`95% within ${formatMs(latency?.p95Ms)}`}
          change={changeOf(latency?.p50Ms, before?.latency?.p50Ms, days)}
        />
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
