import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { ChartSeries } from "./chart-series.ts";
import { formatSlot } from "./days.ts";
import { isStacked, type Metric } from "./metric.ts";
import { spread, ticks } from "./scale.ts";
import { useWidth } from "./use-width.ts";

interface TimeChartProps {
  /** Days or hours. */
  readonly slots: readonly string[];
  readonly series: readonly ChartSeries[];
  readonly metric: Metric;
}

const height = 220;
const top = 10;
const bottom = 26;
const left = 56;
/** Bars in px: no wider than this, however few slots there are. */
const maxBar = 28;
const labelWidth = 72;

const classOf = ({ color }: ChartSeries): string => (color === undefined ? "series-rest" : `series-${color}`);

interface PlotProps extends TimeChartProps {
  readonly x: (slot: number) => number;
  readonly y: (value: number) => number;
  readonly bar: number;
  readonly pointed: number | undefined;
}

/** The models of each slot on top of each other. */
const Bars = ({ slots, series, x, y, bar, pointed }: PlotProps) => (
  <>
    {slots.map((slot, index) => {
      let base = 0;
      return (
        <g key={slot} class={pointed === undefined || pointed === index ? undefined : "beside"}>
          {series.map((one) => {
            const value = one.values[index] ?? 0;
            const from = base;
            base += value;
            return value === 0 ? null : (
              <rect
                key={one.name}
                class={classOf(one)}
                x={x(index) - bar / 2}
                y={y(base)}
                width={bar}
                height={Math.max(1, y(from) - y(base))}
              />
            );
          })}
        </g>
      );
    })}
  </>
);

/** A line for each model, broken where nothing was measured; a slot between two such gaps is a dot. */
const Lines = ({ slots, series, x, y, pointed }: PlotProps) => (
  <>
    {pointed === undefined ? null : <line class="grid" x1={x(pointed)} x2={x(pointed)} y1={top} y2={height - bottom} />}
    {series.map((one) => {
      const path = one.values.flatMap((value, index) => {
        if (value === null) return [];
        const before = one.values[index - 1] ?? null;
        return [`${before === null ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`];
      });
      return (
        <g key={one.name} class={classOf(one)}>
          <path class="line" d={path.join("")} />
          {one.values.map((value, index) =>
            value === null ? null : (
              <circle key={slots[index]} cx={x(index)} cy={y(value)} r={slots.length > 40 ? 1.5 : 2.5} />
            ),
          )}
        </g>
      );
    })}
  </>
);

interface LegendProps {
  readonly series: readonly ChartSeries[];
  readonly metric: Metric;
  readonly pointed: number | undefined;
}

const Legend = ({ series, metric, pointed }: LegendProps) => (
  <ul class="legend">
    {series.map((one) => {
      const value = pointed === undefined ? undefined : one.values[pointed];
      const total = isStacked(metric) ? one.values.reduce<number>((sum, each) => sum + (each ?? 0), 0) : undefined;
      const shown = pointed === undefined ? total : value;
      return (
        <li key={one.name}>
          <svg class="legend-mark" aria-hidden="true">
            <rect class={classOf(one)} width="10" height="10" rx="2" />
          </svg>
          <span class="legend-name">{one.name}</span>
          {shown === undefined || shown === null ? null : <span class="legend-value">{metric.long(shown)}</span>}
        </li>
      );
    })}
  </ul>
);

/**
 * Usage over time by model. Pointing at the chart reads one slot out; the table beneath has them all.
 * Length: the scales and markup of one SVG chart.
 */
export const TimeChart = ({ slots, series, metric }: TimeChartProps) => {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame).value;
  const pointed = useSignal<number | undefined>(undefined);
  const stacked = isStacked(metric);
  const sums = slots.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const greatest = stacked
    ? Math.max(0, ...sums)
    : Math.max(0, ...series.flatMap(({ values }) => values.map((each) => each ?? 0)));
  const total = sums.reduce((sum, value) => sum + value, 0);
  const marks = ticks(greatest, metric.id !== "cost");
  const end = marks.at(-1) ?? 1;
  const plotWidth = Math.max(0, width - left);
  const slot = plotWidth / Math.max(1, slots.length);
  const bar = Math.max(0.5, Math.min(maxBar, slot * 0.72));
  const y = (value: number): number => top + (1 - value / end) * (height - top - bottom);
  const x = (index: number): number => left + slot * (index + 0.5);
  const point = (event: PointerEvent & { currentTarget: SVGSVGElement }): void => {
    const at = Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left - left) / slot);
    pointed.value = at >= 0 && at < slots.length ? at : undefined;
  };
  const chosen = pointed.value;
  const chosenSlot = chosen === undefined ? undefined : slots[chosen];
  const Plot = stacked ? Bars : Lines;
  const whole = stacked ? `${metric.long(total)} in all` : "95% of requests were as fast or faster";
  return (
    <div ref={frame} class="chart">
      <p class="chart-readout" aria-hidden="true">
        {chosen === undefined || chosenSlot === undefined ? (
          whole
        ) : (
          <>
            <strong>{stacked ? metric.long(sums[chosen] ?? 0) : metric.name}</strong> on {formatSlot(chosenSlot)}
          </>
        )}
      </p>
      <svg
        role="img"
        aria-label={`${metric.name} over time by model: ${whole}. The table below has the numbers.`}
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
        <Plot slots={slots} series={series} metric={metric} x={x} y={y} bar={bar} pointed={chosen} />
        {spread(slots.length, Math.max(2, Math.min(8, Math.floor(plotWidth / labelWidth)))).map((index) => (
          <text key={index} class="axis" x={Math.min(x(index), width - 20)} y={height - 6} text-anchor="middle">
            {formatSlot(slots[index] ?? "")}
          </text>
        ))}
      </svg>
      <Legend series={series} metric={metric} pointed={chosen} />
    </div>
  );
};
