import { type EndpointLimit, type Limits, readLimits } from "../../api/limits.ts";
import { formatCost, formatCount, formatDateTime } from "../../format.ts";
import { Meter } from "../../ui/meter.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { Skeleton } from "../../ui/placeholder.tsx";
import { Table } from "../../ui/table.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { Section } from "./section.tsx";

interface SpendProps {
  readonly name: string;
  readonly usd: number;
  readonly spentUsd: number;
  readonly reservedUsd: number;
  readonly remainingUsd: number;
}

const Spend = ({ name, usd, spentUsd, reservedUsd, remainingUsd }: SpendProps) => (
  <div class="spend">
    <dt>{name}</dt>
    <dd>
      <p>
        <strong class="tile-value">{formatCost(spentUsd)}</strong> of {formatCost(usd)} spent
      </p>
      <Meter used={usd === 0 ? 1 : (usd - remainingUsd) / usd} />
      <p class={remainingUsd > 0 ? "hint" : "field-fault"}>
        {remainingUsd > 0 ? `${formatCost(remainingUsd)} left` : "Used up: requests are refused with 402"}
        {reservedUsd === 0 ? "" : `, ${formatCost(reservedUsd)} held for running requests`}
      </p>
    </dd>
  </div>
);

const windowText = (seconds: number): string => (seconds === 60 ? "minute" : `${formatCount(seconds)} s`);

const limitColumns = ["Endpoints", "Requests", "Counted by"];

const toRow = ({ name, limit, windowSeconds, scope, endpoints }: EndpointLimit) => ({
  key: `${name}/${scope}`,
  cells: [
    <span key="paths" class="paths">
      {endpoints.map((endpoint) => (
        <code key={endpoint}>{endpoint}</code>
      ))}
    </span>,
    `${formatCount(limit)} / ${windowText(windowSeconds)}`,
    scope === "key" ? "key" : "account",
  ],
});

const Shown = ({ dailyCap, playground, openRequests, endpoints }: Limits) => (
  <>
    <dl class="spends">
      <Spend name="Daily cap" {...dailyCap} />
      {playground === undefined || playground === null ? null : (
        <Spend name="Playground and Arena, a part of it" {...playground} />
      )}
    </dl>
    <p class="hint">
      {formatCount(openRequests.open)} of {formatCount(openRequests.limit)} requests are running. The sums return to
      zero on {formatDateTime(dailyCap.resetAt)}.
    </p>
    {endpoints.length === 0 ? null : (
      <details class="table-details">
        <summary>Request limits of the dashboard's endpoints</summary>
        <div class="endpoint-limits">
          <Table caption="Request limits" columns={limitColumns} rows={endpoints.map(toRow)} />
        </div>
      </details>
    )}
  </>
);

/** Today's cap and the Playground's budget, as they are enforced. */
export const LimitsSection = () => {
  const limits = useResource(readLimits);
  return (
    <Section
      title="Limits"
      about="What requests may cost a day (UTC) on the platform's keys. Calls on your own provider keys do not count. The operator of this gateway sets both sums."
    >
      <ErrorNotice error={limits.error.value} onRetry={limits.reload} />
      {limits.data.value === undefined && limits.error.value === undefined ? (
        <Skeleton rows={1} label="Loading your limits" />
      ) : null}
      {limits.data.value === undefined ? null : <Shown {...limits.data.value} />}
    </Section>
  );
};
