import { dashboards, type GraphPanel, type LogPanel } from "../panels.ts";
import type { QueryId } from "../queries.ts";
import type { Series } from "../series.ts";
import { chart, escapeHtml } from "./chart.ts";
import { type Buckets, countLines, evaluate, toBuckets } from "./evaluate.ts";
import type { LocalTelemetry, LogLine } from "./local-metrics.ts";

/** The operators' dashboards as a page, from what the functions wrote on this machine. */

const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "-");

/** What a saved query would show, counted here. Queries of API Gateway's access log have nothing to count. */
const localTables: Readonly<Partial<Record<QueryId, (line: LogLine) => readonly string[]>>> = {
  ErrorsByCode: (line) =>
    line["error.type"] === undefined
      ? []
      : [[line["error.type"], line["http.response.status_code"], line.route].map(text).join(" · ")],
  AttemptsByProvider: ({ attempts }) => (Array.isArray(attempts) ? attempts.map(text) : []),
};

const awsOnly = '<p class="none">Written by AWS, so only there.</p>';
const nothing = '<p class="none">Nothing was written.</p>';

const linesOf = (series: readonly Series[], telemetry: LocalTelemetry, buckets: Buckets) =>
  series.flatMap((each) => evaluate(each, telemetry, buckets) ?? []);

const graphBody = ({ series, right = [] }: GraphPanel, telemetry: LocalTelemetry, buckets: Buckets): string => {
  const ours = [...series, ...right].some((each) => evaluate(each, telemetry, buckets) !== undefined);
  if (!ours) return awsOnly;
  const left = linesOf(series, telemetry, buckets);
  const all = [...left, ...linesOf(right, telemetry, buckets)];
  const written = all.some(({ values }) => values.some((value) => value !== undefined));
  return written ? chart(left, all.slice(left.length), buckets) : nothing;
};

const logBody = ({ query }: LogPanel, { lines }: LocalTelemetry): string => {
  const namesOf = localTables[query];
  if (namesOf === undefined) return awsOnly;
  const rows = countLines(lines, namesOf).slice(0, 9);
  if (rows.length === 0) return nothing;
  return `<table>${rows.map(([name, count]) => `<tr><td>${escapeHtml(name)}</td><td>${count}</td></tr>`).join("")}</table>`;
};

const style = `
  body { font: 13px/1.4 system-ui, sans-serif; margin: 20px; color: #1c1c1c; background: #f4f4f2; width: 1220px; }
  h1 { font-size: 20px; margin: 24px 0 4px; } h2 { font-size: 15px; margin: 18px 0 6px; } p { margin: 0; }
  .panels { display: grid; grid-template-columns: repeat(3, 1fr); gap: 10px; }
  figure { margin: 0; padding: 8px 10px; background: #fff; border: 1px solid #dcdcd8; min-height: 150px; }
  figcaption { font-weight: 600; } figcaption span { font-weight: 400; color: #666; }
  svg { width: 100%; font-size: 9px; fill: #666; } svg path { fill: none; stroke-width: 1.6; stroke-linecap: round; }
  svg .frame { stroke: #c8c8c4; stroke-width: 1; }
  ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0 12px; font-size: 11px; }
  li::before { content: ""; display: inline-block; width: 9px; height: 9px; margin-right: 4px; background: var(--c); }
  table { border-collapse: collapse; width: 100%; font-size: 12px; } td { border-bottom: 1px solid #eee; padding: 2px 0; }
  td:last-child { text-align: right; } .none { color: #888; padding: 40px 0; text-align: center; }`;

const seconds = (ms: number): string => (ms >= 60_000 ? `${ms / 60_000} min` : `${ms / 1_000} s`);

/** The whole page. Every period is as long as makes about thirty points, also where AWS's dashboard has hours. */
export const dashboardPage = (telemetry: LocalTelemetry): string => {
  const buckets = toBuckets(telemetry.points);
  const panel = (each: GraphPanel | LogPanel): string => {
    const body = each.kind === "graph" ? graphBody(each, telemetry, buckets) : logBody(each, telemetry);
    const unit = each.kind === "graph" ? ` <span>${escapeHtml(each.unit)}</span>` : "";
    return `<figure><figcaption>${escapeHtml(each.title)}${unit}</figcaption>${body}</figure>`;
  };
  const boards = dashboards.map(
    ({ title, sections }) =>
      `<h1>${escapeHtml(title)}</h1>${sections
        .map(
          (section) =>
            `<h2>${escapeHtml(section.title)}</h2><div class="panels">${section.panels.map(panel).join("")}</div>`,
        )
        .join("")}`,
  );
  const from = telemetry.points.length === 0 ? "no metrics" : `${telemetry.points.length} metric blobs of this machine`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Operators' dashboards</title><style>${style}</style>
<p>Preview from ${from}, each point ${seconds(buckets.lengthMs)}. CloudWatch draws the same panels on AWS.</p>
${boards.join("\n")}</html>\n`;
};
