import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { UsageByName } from "../../api/usage.ts";
import { formatDay } from "../../format.ts";
import { amountOf, type Metric } from "./metric.ts";
import { spread, ticks } from "./scale.ts";
import { useWidth } from "./use-width.ts";

interface DayChartProps {
  readonly days: readonly string[];
  readonly byDay: UsageByName;
  readonly metric: Metric;
}

const height = 220;
const top = 10;
const bottom = 26;
const left = 56;
/** Bars in px: no wider than this, however few days there are. */
const maxBar = 28;
const labelWidth = 72;

/**
 * A bar for each day. Pointing at the chart reads one day out; the table beneath has them all.
 * Length: markup of one SVG chart.
 */
export const DayChart = ({ days, byDay, metric }: DayChartProps) => {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame).value;
  const pointed = useSignal<number | undefined>(undefined);
  const values = days.map((day) => amountOf(byDay[day], metric));
  const total = values.reduce((sum, value) => sum + value, 0);
  const marks = ticks(Math.max(0, ...values), metric.id !== "cost");
  const end = marks.at(-1) ?? 1;
  const plotWidth = Math.max(0, width - left);
  const slot = plotWidth / Math.max(1, days.length);
  const bar = Math.max(0.5, Math.min(maxBar, slot * 0.72));
  const y = (value: number): number => top + (1 - value / end) * (height - top - bottom);
  const x = (index: number): number => left + slot * (index + 0.5);
  const point = (event: PointerEvent & { currentTarget: SVGSVGElement }): void => {
    const at = Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left - left) / slot);
    pointed.value = at >= 0 && at < days.length ? at : undefined;
  };
  const chosen = pointed.value;
  const chosenDay = chosen === undefined ? undefined : days[chosen];
  return (
    <div ref={frame} class="chart">
      <p class="chart-readout" aria-hidden="true">
        {chosen === undefined || chosenDay === undefined ? (
          <>
            <strong>{metric.long(total)}</strong> in all
          </>
        ) : (
          <>
            <strong>{metric.long(values[chosen] ?? 0)}</strong> on {formatDay(chosenDay)}
          </>
        )}
      </p>
      <svg
        role="img"
        aria-label={`${metric.name} by day: ${metric.long(total)} in all. The table below has each day.`}
        width={width}
        height={height}
        onPointerMove={point}
        onPointerLeave={() => {
          pointed.value = undefined;
        }}
      >
        {marks.map((mark) => (
          <g key={mark}>
            <line class="grid" x1={left} x2={width} y1={y(mark)} y2={y(mark)} />
            <text class="axis" x={left - 10} y={y(mark)} text-anchor="end" dominant-baseline="middle">
              {metric.short(mark)}
            </text>
          </g>
        ))}
        {values.map((value, index) =>
          value === 0 ? null : (
            <rect
              key={days[index]}
              class={index === chosen ? "bar pointed" : "bar"}
              x={x(index) - bar / 2}
              y={Math.min(y(value), y(0) - 1.5)}
              width={bar}
              height={Math.max(1.5, y(0) - y(value))}
              rx={Math.min(3, bar / 4)}
            />
          ),
        )}
        {spread(days.length, Math.max(2, Math.min(8, Math.floor(plotWidth / labelWidth)))).map((index) => (
          <text key={index} class="axis" x={Math.min(x(index), width - 20)} y={height - 6} text-anchor="middle">
            {formatDay(days[index] ?? "")}
          </text>
        ))}
      </svg>
    </div>
  );
};
