import { type Limits, readLimits } from "../../api/limits.ts";
import { readUsage, type Usage } from "../../api/usage.ts";
import { formatCost, formatCount, formatDateTime, plural } from "../../format.ts";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { Skeleton } from "../../ui/placeholder.tsx";
import { useResource } from "../../ui/use-resource.ts";

const Spend = ({ dailyCap, openRequests }: Limits) => {
  const { usd, spentUsd, reservedUsd, remainingUsd, resetAt } = dailyCap;
  const used = usd === 0 ? 100 : Math.min(100, ((usd - remainingUsd) / usd) * 100);
  return (
    <>
      <p>
        <strong class="tile-value">{formatCost(spentUsd)}</strong> of {formatCost(usd)} spent
      </p>
      <svg class="share-bar" aria-hidden="true">
        <rect class="share-track" width="100%" height="6" rx="3" />
        <rect class="bar" width={`${used}%`} height="6" rx="3" />
      </svg>
      <p class="hint">
        {formatCost(remainingUsd)} left until {formatDateTime(resetAt)}.{" "}
        {reservedUsd === 0 ? "" : `${formatCost(reservedUsd)} is held for running requests. `}
        {formatCount(openRequests.open)} of {formatCount(openRequests.limit)} requests are running.
      </p>
      {remainingUsd > 0 ? null : (
        <p class="field-fault">The cap is reached: requests are refused with 402 until it resets.</p>
      )}
    </>
  );
};

const readToday = (signal: AbortSignal): Promise<Usage> => {
  const day = new Date().toISOString().slice(0, 10);
  return readUsage({ from: day, to: day, keyId: "" }, signal);
};

/** Without its sums the page says less. */
const Requests = () => {
  const usage = useResource(readToday).data.value;
  return usage === undefined ? null : (
    <p>
      <Link to="usage">{plural(usage.totalRequests, "request")}</Link> today, {plural(usage.errors ?? 0, "error")}
    </p>
  );
};

/** Today's spend against the cap that is enforced. */
export const Today = () => {
  const limits = useResource(readLimits);
  return (
    <section class="card stack" aria-label="Today">
      <h2>Today</h2>
      <ErrorNotice error={limits.error.value} onRetry={limits.reload} />
      {limits.data.value === undefined && limits.error.value === undefined ? (
        <Skeleton rows={1} label="Loading today's spend" />
      ) : null}
      {limits.data.value === undefined ? null : <Spend {...limits.data.value} />}
      <Requests />
    </section>
  );
};
