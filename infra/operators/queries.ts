/** Saved Logs Insights queries over the canonical log line (core/http/observe.ts, core/generation/report.ts) and API Gateway's access log. */

/** Fields of the canonical line that queries name. A test writes such a line and holds this list to it. */
export const logFields = [
  "request_id",
  "route",
  "http.response.status_code",
  "error.type",
  "duration_ms",
  "user_id",
  "key_id",
  "gen_ai.provider.name",
  "gen_ai.response.model",
  "gen_ai.usage.input_tokens",
  "gen_ai.usage.output_tokens",
  "usage_status",
  "attempts",
  "cost_usd",
  "cache",
  "time_to_first_token_ms",
] as const;
export type LogField = (typeof logFields)[number];

/** Which log groups a query reads. */
export type LogSource = "generating" | "everything" | "background" | "access-log";

export interface SavedQuery {
  readonly id: string;
  readonly title: string;
  readonly source: LogSource;
  readonly text: string;
}

/** A name with a dot has to be quoted, or it is read as a path. */
const f = (name: LogField): string => (name.includes(".") ? `\`${name}\`` : name);
const lines = (...parts: readonly string[]): string => parts.join("\n| ");
const requests = 'filter message = "request"';

export const queries = [
  {
    id: "ErrorsByCode",
    title: "Errors by code and route",
    source: "everything",
    text: lines(
      requests,
      `filter ispresent(${f("error.type")})`,
      `stats count(*) as requests by ${f("error.type")}, ${f("http.response.status_code")}, ${f("route")}`,
      "sort requests desc",
    ),
  },
  {
    id: "AttemptsByProvider",
    title: "Calls to providers by result",
    source: "generating",
    // The array is unfolded: `openai:timeout` and the `anthropic:ok` that followed it are two attempts of one request.
    text: lines(
      `filter message = "request" and ispresent(${f("usage_status")})`,
      `fields jsonParse(@message) as line`,
      `unnest line.${f("attempts")} into attempt`,
      "stats count(*) as calls by attempt",
      "sort calls desc",
    ),
  },
  {
    id: "OneRequest",
    title: "One request by its id",
    source: "everything",
    text: lines(
      `filter ${f("request_id")} = "req_…" or requestId = "req_…"`,
      "fields @timestamp, @message, @log",
      "sort @timestamp",
    ),
  },
  {
    id: "SlowestRequests",
    title: "Slowest requests",
    source: "generating",
    text: lines(
      requests,
      `fields @timestamp, ${[
        f("request_id"),
        f("route"),
        f("gen_ai.response.model"),
        f("duration_ms"),
        f("time_to_first_token_ms"),
        f("attempts"),
      ].join(", ")}`,
      `sort ${f("duration_ms")} desc`,
      "limit 50",
    ),
  },
  {
    id: "FirstTokenByModel",
    title: "Time to first token by model",
    source: "generating",
    text: lines(
      requests,
      `filter ispresent(${f("time_to_first_token_ms")})`,
      `stats count(*) as requests, pct(${f("time_to_first_token_ms")}, 50) as p50, pct(${f("time_to_first_token_ms")}, 90) as p90, pct(${f("time_to_first_token_ms")}, 99) as p99 by ${f("gen_ai.provider.name")}, ${f("gen_ai.response.model")}`,
      "sort requests desc",
    ),
  },
  {
    id: "CostByUser",
    title: "Cost and tokens by user and key",
    source: "generating",
    text: lines(
      requests,
      `filter ispresent(${f("usage_status")})`,
      `stats sum(${f("cost_usd")}) as usd, sum(${f("gen_ai.usage.input_tokens")}) as input, sum(${f("gen_ai.usage.output_tokens")}) as output, count(*) as requests by ${f("user_id")}, ${f("key_id")}`,
      "sort usd desc",
      "limit 50",
    ),
  },
  {
    id: "CacheUse",
    title: "Use of the cache",
    source: "generating",
    text: lines(
      requests,
      `filter ispresent(${f("cache")})`,
      `stats count(*) as requests, avg(${f("duration_ms")}) as mean_ms by ${f("cache")}, bin(1h)`,
    ),
  },
  {
    id: "NotOk",
    title: "Generations that failed or were cut off",
    source: "generating",
    text: lines(
      requests,
      `filter ispresent(${f("usage_status")}) and ${f("usage_status")} != "ok"`,
      `stats count(*) as generations by ${f("usage_status")}, ${f("error.type")}, ${f("gen_ai.provider.name")}`,
      "sort generations desc",
    ),
  },
  {
    id: "BackgroundFailures",
    title: "Warnings and errors of background functions",
    source: "background",
    text: lines(
      'filter level = "ERROR" or level = "WARN"',
      "fields @timestamp, route, message, requestId, error.name, error.message, sequenceNumber",
      "sort @timestamp desc",
      "limit 100",
    ),
  },
  {
    id: "EdgeErrors",
    title: "Errors of API Gateway and the firewall",
    source: "access-log",
    text: lines(
      'filter errorType != "-" or wafStatus = "403" or wafStatus = "429"',
      "stats count(*) as requests by status, errorType, resourcePath",
      "sort requests desc",
    ),
  },
  {
    id: "EdgeLatency",
    title: "Time to the first byte at the edge",
    source: "access-log",
    text: lines(
      'filter transferMode = "STREAM" and timeToFirstContentMs != "-"',
      "fields timeToFirstContentMs * 1 as first_byte_ms, responseLatencyMs * 1 as whole_ms",
      "stats count(*) as requests, pct(first_byte_ms, 50) as p50, pct(first_byte_ms, 99) as p99, max(whole_ms) as longest by resourcePath",
    ),
  },
] as const satisfies readonly SavedQuery[];

export type QueryId = (typeof queries)[number]["id"];

/** A saved query by its id. */
export const queryById = (id: QueryId): SavedQuery => {
  const found = (queries as readonly SavedQuery[]).find((query) => query.id === id);
  if (found === undefined) throw new Error(`No query is called ${id}`);
  return found;
};
