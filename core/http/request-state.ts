import type { Principal } from "#core/auth/principal.ts";
import type { LimitState } from "#core/auth/rate-limit.ts";
import type { RequestContext } from "#core/context.ts";
import type { WireFormat } from "#core/dialects/dialect.ts";
import { openAiWire } from "#core/dialects/openai-wire.ts";
import type { Route } from "#core/routes.ts";

/** Header names in lower case; several values of one name are joined by a comma, as HTTP allows. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>;

/** The fields of API Gateway's proxy event (payload v1) that we read. */
export interface ProxyEvent {
  readonly httpMethod: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>> | null;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>> | null;
  readonly queryStringParameters?: Readonly<Record<string, string>> | null;
  readonly pathParameters?: Readonly<Record<string, string>> | null;
  readonly body: string | null;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly stage?: string;
    readonly path?: string;
    readonly domainName?: string;
    readonly identity?: { readonly sourceIp?: string; readonly userAgent?: string | null };
  };
}

export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** Everything that is known about the running request. */
export interface RequestState extends RequestContext {
  readonly route: Route;
  /** How errors are written, and what ends a stream. */
  readonly wire: WireFormat;
  readonly method: string;
  /** As the client sent it, without a stage prefix. */
  readonly path: string;
  /** `/<stage>` in front of every path when no custom domain maps it away, else empty. */
  readonly pathPrefix: string;
  readonly headers: RequestHeaders;
  readonly query: Readonly<Record<string, string>>;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly sourceIp: string;
  body: unknown;
  readonly isBase64Encoded: boolean;
  principal: Principal | undefined;
  /** The caller by our own mark of the key, before Unkey's verdict. Undefined where the request has to wait for that. */
  early?: Promise<Principal | undefined>;
  verdict?: Promise<void>;
  limit: LimitState | undefined;
  /** Sources of `Set-Cookie` values, read when the answer is made. */
  readonly cookies: (() => readonly string[])[];
  status: number;
}

/** The running request as an endpoint sees it. */
export interface Call<Body> extends Omit<RequestState, "body"> {
  readonly body: Body;
}

let cold = true;

/** Whether this is the environment's first request. */
const takeCold = (): boolean => {
  const was = cold;
  cold = false;
  return was;
};

const lowerCased = (event: ProxyEvent): RequestHeaders => {
  const headers: Record<string, string> = Object.create(null);
  const many = event.multiValueHeaders;
  if (many === undefined || many === null) {
    for (const name in event.headers) headers[name.toLowerCase()] = event.headers[name] ?? "";
  } else {
    for (const name in many) headers[name.toLowerCase()] = many[name]?.join(", ") ?? "";
  }
  return headers;
};

const lastValues = (event: ProxyEvent): Readonly<Record<string, string>> => event.queryStringParameters ?? {};

/** REST APIs hand path parameters on percent-encoded, as clients sent them. */
const decoded = (parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(parameters)) {
    try {
      values[name] = decodeURIComponent(value);
    } catch {
      // Not an encoding: no id looks like it, so the look-up ends in a 404.
      values[name] = value;
    }
  }
  return values;
};

/** Reads Lambda's event and context once. */
export const newRequestState = (
  route: Route,
  requestId: string,
  event: ProxyEvent,
  context: LambdaContext,
  wire: WireFormat = openAiWire,
): RequestState => {
  const now = Date.now();
  const fullPath = event.requestContext.path ?? event.path;
  return {
    route,
    wire,
    requestId,
    method: event.httpMethod,
    path: event.path,
    pathPrefix: fullPath.endsWith(event.path) ? fullPath.slice(0, fullPath.length - event.path.length) : "",
    headers: lowerCased(event),
    query: lastValues(event),
    pathParameters: decoded(event.pathParameters ?? {}),
    sourceIp: event.requestContext.identity?.sourceIp ?? "unknown",
    body: event.body,
    isBase64Encoded: event.isBase64Encoded,
    startedAtMs: now,
    startedAt: performance.now(),
    lambdaDeadlineMs: now + context.getRemainingTimeInMillis(),
    principal: undefined,
    limit: undefined,
    cookies: [],
    deferred: [],
    log: { cold_start: takeCold() },
    status: 0,
    errorCode: undefined,
    metricModel: undefined,
    metricProvider: undefined,
  };
};
