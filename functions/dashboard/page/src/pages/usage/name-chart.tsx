import type { UsageByName } from "../../api/usage.ts";
import { plural } from "../../format.ts";
import { amountOf, type Metric } from "./metric.ts";

interface NameChartProps {
  readonly byName: UsageByName;
  readonly metric: Metric;
  readonly noun: string;
}

const shown = 8;

/** The greatest names, each with its share as a bar. */
export const NameChart = ({ byName, metric, noun }: NameChartProps) => {
  const sorted = Object.entries(byName).sort(([, one], [, other]) => amountOf(other, metric) - amountOf(one, metric));
  const greatest = amountOf(sorted[0]?.[1], metric) || 1;
  const rest = sorted.length - shown;
  return (
    <>
      <ol class="shares">
        {sorted.slice(0, shown).map(([name, sums]) => (
          <li key={name}>
            <span class="share-name">{name}</span>
            <span class="share-value">
              {metric.id === "cost" && sums.cost === null ? "unknown" : metric.long(amountOf(sums, metric))}
            </span>
            <svg class="share-bar" aria-hidden="true">
              <rect class="share-track" width="100%" height="6" rx="3" />
              <rect class="bar" width={`${(amountOf(sums, metric) / greatest) * 100}%`} height="6" rx="3" />
            </svg>
          </li>
        ))}
      </ol>
      {rest > 0 ? <p class="hint">{plural(rest, `more ${noun}`)} in the table.</p> : null}
    </>
  );
};
