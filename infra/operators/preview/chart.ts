import type { Buckets, ChartLine } from "./evaluate.ts";

/** Small line charts as SVG text. */

const width = 380;
const height = 150;
const margin = { left: 46, right: 46, top: 8, bottom: 18 };
const colours = [
  "#2a6fb0",
  "#c8502d",
  "#3d8b4f",
  "#8a5aa8",
  "#b08a1e",
  "#4f9aa5",
  "#a8456e",
  "#6b6b6b",
  "#7d9a2c",
  "#3f51a3",
];

export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** A number as an axis shows it. */
const short = (value: number): string => {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1_000)
    return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(value);
  return String(Number(value.toPrecision(2)));
};

const colourOf = (index: number): string => colours[index % colours.length] ?? "#000";

const top = (lines: readonly ChartLine[]): number => {
  const values = lines.flatMap(({ values: each }) => each.filter((value) => value !== undefined));
  const most = values.reduce((largest, value) => Math.max(largest, value), 0);
  return most === 0 ? 1 : most;
};

const pathOf = ({ values }: ChartLine, count: number, most: number): string => {
  const innerWidth = width - margin.left - margin.right;
  const innerHeight = height - margin.top - margin.bottom;
  let path = "";
  let open = false;
  for (const [index, value] of values.entries()) {
    if (value === undefined) {
      open = false;
      continue;
    }
    const x = margin.left + (count === 1 ? innerWidth / 2 : (index / (count - 1)) * innerWidth);
    const y = margin.top + innerHeight * (1 - value / most);
    // A point between two gaps still has to be seen: a line of no length with round ends.
    path += `${open ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}${open ? "" : "h0"}`;
    open = true;
  }
  return path;
};

const axis = (most: number, right: boolean): string => {
  const x = right ? width - margin.right + 4 : margin.left - 4;
  const anchor = right ? "start" : "end";
  return [
    `<text x="${x}" y="${margin.top + 8}" text-anchor="${anchor}">${short(most)}</text>`,
    `<text x="${x}" y="${height - margin.bottom}" text-anchor="${anchor}">0</text>`,
  ].join("");
};

const clock = (timeMs: number): string => new Date(timeMs).toISOString().slice(11, 19);

/** One chart. Lines of `right` are dashed and measured on the axis at the right. */
export const chart = (left: readonly ChartLine[], right: readonly ChartLine[], buckets: Buckets): string => {
  const draw = (lines: readonly ChartLine[], first: number, dashed: boolean): string =>
    lines
      .map((line, index) => {
        const dash = dashed ? ' stroke-dasharray="4 3"' : "";
        return `<path d="${pathOf(line, buckets.count, top(lines))}" stroke="${colourOf(first + index)}"${dash}/>`;
      })
      .join("");
  const frame = `M${margin.left} ${margin.top}V${height - margin.bottom}H${width - margin.right}`;
  const end = buckets.startMs + (buckets.count - 1) * buckets.lengthMs;
  const legend = [...left, ...right]
    .map(({ label }, index) => `<li style="--c:${colourOf(index)}">${escapeHtml(label)}</li>`)
    .join("");
  return `<svg viewBox="0 0 ${width} ${height}" role="img"><path class="frame" d="${frame}"/>${axis(top(left), false)}${
    right.length === 0 ? "" : axis(top(right), true)
  }<text x="${margin.left}" y="${height - 4}">${clock(buckets.startMs)}</text><text x="${width - margin.right}" y="${
    height - 4
  }" text-anchor="end">${clock(end)}</text>${draw(left, 0, false)}${draw(right, left.length, true)}</svg><ul>${legend}</ul>`;
};
