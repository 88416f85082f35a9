import { finished } from "node:stream/promises";
import { afterEach, beforeEach, vi } from "vitest";
import type { ProxyEvent } from "#core/http/request-state.ts";
import { ResponseStream } from "#tests/support/setup.ts";

/** A function's answer as a client sees it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON; throws where it is none. */
  json(): {
    readonly error: {
      readonly code: string;
      readonly message: string;
      readonly param: string | null;
      readonly details: Record<string, unknown>;
    };
  };
}

export const toAnswer = (status: number, headers: Readonly<Record<string, string>>, text: string): Answer => ({
  status,
  headers,
  text,
  json: () => JSON.parse(text) as ReturnType<Answer["json"]>,
});

export interface EventOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Serialised unless it is a string already; bytes come in base64. */
  readonly body?: unknown;
  readonly base64?: boolean;
}

/** API Gateway's proxy event (payload v1). A body is JSON unless the headers say otherwise. */
export const proxyEvent = ({
  method = "GET",
  path = "/api/test",
  headers = {},
  body,
  base64 = false,
}: EventOptions = {}): ProxyEvent => {
  const bytes = Buffer.isBuffer(body) ? body : undefined;
  const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
  const all = { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers };
  return {
    httpMethod: method,
    path,
    headers: all,
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    pathParameters: null,
    body: text !== null && (base64 || bytes !== undefined) ? (bytes ?? Buffer.from(text)).toString("base64") : text,
    isBase64Encoded: base64 || bytes !== undefined,
    requestContext: { path, stage: "test", identity: { sourceIp: "203.0.113.7" } },
  };
};

export const lambdaContext = (remainingMs = 30_000) => ({
  awsRequestId: "aws-request",
  getRemainingTimeInMillis: () => remainingMs,
});

type Handler = (...parameters: never[]) => unknown;

/** Calls a buffered function as Lambda would. */
export const callJson = async (handler: Handler, options?: EventOptions): Promise<Answer> => {
  const call = handler as unknown as (
    event: ProxyEvent,
    context: object,
  ) => Promise<{ statusCode: number; headers: Record<string, string>; body: string }>;
  const { statusCode, headers, body } = await call(proxyEvent(options), lambdaContext());
  return toAnswer(statusCode, headers, body);
};

export interface OpenCall {
  readonly response: ResponseStream;
  /** Resolves when the function returned; rejects with what it threw. */
  readonly returned: Promise<unknown>;
}

/** Calls a streaming function as Lambda would, and leaves reading its answer to the test. */
export const openStream = (handler: Handler, options?: EventOptions, remainingMs = 60_000): OpenCall => {
  const call = handler as unknown as (event: ProxyEvent, response: ResponseStream, context: object) => Promise<unknown>;
  const response = new ResponseStream();
  return { response, returned: call(proxyEvent(options), response, lambdaContext(remainingMs)) };
};

/** Calls a streaming function and reads its whole answer. */
export const callStream = async (handler: Handler, options?: EventOptions): Promise<Answer> => {
  const { response, returned } = openStream(handler, options);
  const parts: Buffer[] = [];
  response.on("data", (part: Buffer) => parts.push(part));
  await returned;
  await finished(response);
  return toAnswer(
    response.metadata?.statusCode ?? 0,
    response.metadata?.headers ?? {},
    Buffer.concat(parts).toString(),
  );
};

export type LogLine = Readonly<Record<string, unknown>>;

/** Everything that is written to standard output while `work` runs, one parsed JSON line each. */
export const captureLog = async (
  work: () => unknown,
): Promise<{ readonly lines: readonly LogLine[]; readonly text: string }> => {
  let text = "";
  const keep = (part: unknown): boolean => {
    text += String(part);
    return true;
  };
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, "write").mockImplementation(keep as never),
  );
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  const lines = text.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as LogLine] : []));
  return { lines, text };
};

/** Keeps a file's log lines and metrics out of the test report. */
export const muteLog = (): void => {
  const spies: { mockRestore(): void }[] = [];
  beforeEach(() => {
    for (const stream of [process.stdout, process.stderr]) {
      spies.push(vi.spyOn(stream, "write").mockImplementation(() => true));
    }
  });
  afterEach(() => {
    for (const spy of spies.splice(0)) spy.mockRestore();
  });
};
