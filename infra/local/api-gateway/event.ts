import type { IncomingMessage } from "node:http";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { localAccountId } from "#infra/local/aws/account.ts";

/** What the gateway knows of a request before its function runs. */
export interface RequestFacts {
  readonly resource: string;
  /** Without the stage and the query, percent-encoded as it came. */
  readonly path: string;
  readonly query: string;
  /** `""` on a custom domain without a base path. */
  readonly stagePrefix: string;
  readonly stage: string;
  readonly parameters: Readonly<Record<string, string>> | null;
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly traceId: string;
  readonly body: string | null;
  readonly isBase64Encoded: boolean;
}

/** `@types/aws-lambda` lacks one field that REST APIs send. */
export type RestProxyEvent = APIGatewayProxyEvent & { readonly requestContext: { readonly deploymentId: string } };

type Multi = Record<string, string[]>;
type Single = Record<string, string>;

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const twoDigits = (value: number): string => String(value).padStart(2, "0");

/** The Common Log Format's time, as in `requestContext.requestTime`: `22/Nov/2026:12:29:08 +0000`. */
const commonLogTime = (date: Date): string => {
  const day = `${twoDigits(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(twoDigits).join(":");
  return `${day}:${time} +0000`;
};

/** Both forms of a list of pairs: the last value of each name, and all of them. Null when there are none. */
const bothForms = (pairs: Iterable<readonly [string, string]>): [Single, Multi] | [null, null] => {
  const single: Single = {};
  const multi: Multi = {};
  let any = false;
  for (const [name, value] of pairs) {
    any = true;
    single[name] = value;
    const values = multi[name];
    if (values === undefined) multi[name] = [value];
    else values.push(value);
  }
  return any ? [single, multi] : [null, null];
};

/** Headers that end at the gateway. */
const notForwarded = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "te",
  "expect",
  "proxy-connection",
]);

function* forwardedHeaders(request: IncomingMessage, traceId: string): Generator<readonly [string, string]> {
  const { rawHeaders, socket } = request;
  let forwardedFor = socket.remoteAddress ?? "";
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const value = rawHeaders[index + 1] ?? "";
    const lowerCase = name.toLowerCase();
    if (lowerCase === "x-forwarded-for") forwardedFor = `${value}, ${forwardedFor}`;
    else if (
      !(notForwarded.has(lowerCase) || lowerCase.startsWith("x-forwarded-p") || lowerCase === "x-amzn-trace-id")
    ) {
      yield [name, value];
    }
  }
  yield ["X-Forwarded-For", forwardedFor];
  yield ["X-Forwarded-Port", String(socket.localPort ?? "")];
  yield ["X-Forwarded-Proto", "http"];
  yield ["X-Amzn-Trace-Id", traceId];
}

/**
 * A Lambda proxy event, payload version 1.0, as a regional REST API makes it: the body is UTF-8 text, or base64
 * for a binary media type; path and path parameters stay percent-encoded, query parameters are decoded.
 */
export const proxyEvent = (request: IncomingMessage, facts: RequestFacts): RestProxyEvent => {
  const now = new Date();
  const method = request.method ?? "GET";
  const [headers, multiValueHeaders] = bothForms(forwardedHeaders(request, facts.traceId));
  const [query, multiValueQuery] = facts.query === "" ? [null, null] : bothForms(new URLSearchParams(facts.query));
  const host = request.headers.host ?? "";
  return {
    resource: facts.resource,
    path: facts.path,
    httpMethod: method,
    headers: headers ?? {},
    multiValueHeaders: multiValueHeaders ?? {},
    queryStringParameters: query,
    multiValueQueryStringParameters: multiValueQuery,
    pathParameters: facts.parameters,
    stageVariables: null,
    requestContext: {
      resourceId: "local",
      resourcePath: facts.resource,
      httpMethod: method,
      extendedRequestId: facts.extendedRequestId,
      requestTime: commonLogTime(now),
      path: facts.stagePrefix + facts.path,
      accountId: localAccountId,
      protocol: `HTTP/${request.httpVersion}`,
      stage: facts.stage,
      domainPrefix: host.split(".", 1)[0] ?? host,
      requestTimeEpoch: now.getTime(),
      requestId: facts.requestId,
      identity: {
        cognitoIdentityPoolId: null,
        accountId: null,
        cognitoIdentityId: null,
        caller: null,
        sourceIp: request.socket.remoteAddress ?? "",
        principalOrgId: null,
        accessKey: null,
        apiKey: null,
        apiKeyId: null,
        clientCert: null,
        cognitoAuthenticationType: null,
        cognitoAuthenticationProvider: null,
        userArn: null,
        userAgent: request.headers["user-agent"] ?? null,
        user: null,
      },
      domainName: host,
      deploymentId: "local",
      apiId: "local",
      authorizer: null,
    },
    body: facts.body,
    isBase64Encoded: facts.isBase64Encoded,
  };
};
