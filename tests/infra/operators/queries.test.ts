import { afterEach, expect, it, vi } from "vitest";
import { accessLogFormat } from "#infra/access-log.ts";
import { alarms } from "#infra/operators/alarms.ts";
import { logFields, queries } from "#infra/operators/queries.ts";

// The logger reads it once, when it is loaded below.
process.env.LOG_LEVEL = "INFO";

afterEach(() => {
  vi.restoreAllMocks();
});

it("every field that queries name stands in the line of a request that failed after an answer had begun", async () => {
  const written: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    written.push(String(chunk));
    return true;
  });
  const { finishRequest } = await import("#core/http/observe.ts");
  const { newRequestState } = await import("#core/http/request-state.ts");
  const { reportGeneration } = await import("#core/generation/report.ts");
  const { resolveModel } = await import("#core/catalog/resolve.ts");
  const { noTokens } = await import("#core/catalog/token-usage.ts");
  const { routeById } = await import("#core/routes.ts");
  const state = newRequestState(
    routeById("ChatCompletions"),
    "req_test",
    {
      httpMethod: "POST",
      path: "/api/v1/chat/completions",
      headers: {},
      body: null,
      isBase64Encoded: false,
      requestContext: {},
    },
    { awsRequestId: "lambda", getRemainingTimeInMillis: () => 1_000 },
  );
  const model = resolveModel("gpt");
  state.principal = { kind: "key", userId: "user", keyId: "key" };
  state.status = 502;
  state.errorCode = "PROVIDER_ERROR";
  reportGeneration(state, {
    operation: "chat",
    asked: model,
    served: model,
    outcome: { responseModel: "gpt", finishReason: "stop" },
    status: "error",
    listedModel: "gpt-5.2",
    cost: {
      usage: noTokens,
      costPicoUsd: 0n,
      spent: { platformPicoUsd: 0n, callerPicoUsd: 0n },
      byokCostPicoUsd: undefined,
    },
    units: undefined,
    streamed: true,
    cache: "MISS",
    byok: false,
    attempts: [{ model: "gpt", provider: "openai", result: "cut", latencyMs: 1 }],
    timeToFirstTokenMs: 3,
  });
  await finishRequest(state);
  const line = written
    .map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>)
    .find(({ message }) => message === "request");
  expect(line).toBeDefined();
  expect(logFields.filter((name) => line?.[name] === undefined)).toEqual([]);
});

it("a field with a dot is quoted, since without it would be a path", () => {
  for (const { text } of queries) {
    for (const field of logFields.filter((name) => name.includes("."))) {
      const bare = text.replaceAll(`\`${field}\``, "").includes(field);
      expect([field, bare]).toEqual([field, false]);
    }
  }
});

it("every field of the access log that a query names is written by API Gateway", () => {
  const written = Object.keys(JSON.parse(accessLogFormat) as object);
  const used = [
    "errorType",
    "wafStatus",
    "status",
    "resourcePath",
    "transferMode",
    "timeToFirstContentMs",
    "responseLatencyMs",
  ];
  const texts = queries.filter(({ source }) => source === "access-log").map(({ text }) => text);
  for (const field of used) {
    expect([field, written.includes(field), texts.some((text) => text.includes(field))]).toEqual([field, true, true]);
  }
});

it("ids of queries and alarms are theirs alone", () => {
  expect(new Set(queries.map(({ id }) => id)).size).toBe(queries.length);
  expect(new Set(alarms.map(({ id }) => id)).size).toBe(alarms.length);
});
