import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Server } from "node:net";
import type { InvocationOutcome } from "../lambda/outcome.ts";
import { proxyEvent } from "./event.ts";
import { Exchange, type MakeGatewayResponse } from "./exchange.ts";
import { parseBufferedResult } from "./proxy-result.ts";
import { relayStream } from "./relay-stream.ts";
import { readBody } from "./request-body.ts";
import { createRouter, type PathMatch } from "./router.ts";

/** One resource of the API with its `ANY` method: whatever the method, its function is asked. */
export interface RestRoute {
  /** In API Gateway's syntax: `/api/v1/models/{id+}`. */
  readonly path: string;
  /** Transfer mode STREAM; else BUFFERED. */
  readonly stream: boolean;
  /** The integration's timeout. A BUFFERED one is at most 29 s, whatever is said here. */
  readonly timeoutMs: number;
  /** Invokes the function with the event as JSON: `FunctionPool.invoke`. It must not reject. */
  readonly invoke: (payload: string) => Promise<InvocationOutcome>;
}

export interface RestApiOptions {
  readonly routes: readonly RestRoute[];
  /** Serves what no route matches, as `/{proxy+}`; `/` itself is not within it, as in API Gateway. */
  readonly catchAll?: RestRoute;
  /** `""` (default): a custom domain without a base path. `"local"`: paths begin with `/local`. */
  readonly stage?: string;
  readonly gatewayResponse: MakeGatewayResponse;
  /** Silence in a stream after which the client is cut off. Default 5 minutes, a regional API's. */
  readonly streamIdleTimeoutMs?: number;
}

export interface RestApi {
  /** Resolves to the base URL, stage included, without a slash at its end. Rejects with the socket's error (`EADDRINUSE`). */
  listen(port: number, host: string): Promise<string>;
  /** The same on a port that is listened to already: from now on its connections come here. */
  takeOver(listener: Server): Promise<string>;
  /** Refuses new connections, lets open requests and streams end for up to `timeoutMs`, then cuts them. */
  close(timeoutMs: number): Promise<void>;
}

const maxBufferedTimeoutMs = 29_000;

/** Bytes of the request line and all header values together. */
const maxHeaderBytes = 10_240;

/** A stage must have a name; this one stands for a custom domain's. */
const customDomainStage = "local";

const headerBytes = ({ method = "", url = "", rawHeaders }: IncomingMessage): number => {
  let bytes = method.length + url.length;
  for (let index = 1; index < rawHeaders.length; index += 2) bytes += rawHeaders[index]?.length ?? 0;
  return bytes;
};

const newIds = () => {
  const requestId = randomUUID();
  return {
    requestId,
    extendedRequestId: randomBytes(11).toString("base64"),
    traceId: `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${requestId.replaceAll("-", "").slice(0, 24)}`,
  };
};

const answerBuffered = async (outcome: InvocationOutcome, exchange: Exchange): Promise<void> => {
  if (outcome.kind === "streamed") {
    // A function that streams behind a BUFFERED integration: its metadata is no proxy result.
    outcome.body.on("error", () => {}).resume();
    exchange.refuse("DEFAULT_5XX", 502);
    return;
  }
  if (outcome.kind === "failed") {
    if (outcome.failure.reason === "request-too-large") exchange.refuse("REQUEST_TOO_LARGE", 413);
    else exchange.refuse("DEFAULT_5XX", 502);
    return;
  }
  if (exchange.answered) return;
  try {
    const result = parseBufferedResult(outcome.payload);
    exchange.begin(result, Buffer.byteLength(result.body));
    exchange.response.end(result.body);
  } catch {
    exchange.refuse("DEFAULT_5XX", 502);
  }
};

/**
 * A regional REST API of API Gateway with Lambda proxy integrations, streamed or buffered. Not emulated: throttling,
 * usage plans, WAF, TLS, and the 2 MB/s that a stream is held to after its first 10 MB.
 * Source: API Gateway developer guide (proxy integrations, response transfer mode, quotas).
 * Length: local functions that share the API's routes and open requests.
 */
export const createRestApi = (options: RestApiOptions): RestApi => {
  const { catchAll, gatewayResponse, stage = "", streamIdleTimeoutMs = 300_000 } = options;
  const stagePrefix = stage === "" ? "" : `/${stage}`;
  const routes = catchAll === undefined ? options.routes : [...options.routes, { ...catchAll, path: "/{proxy+}" }];
  const match = createRouter(routes);
  let closing = false;

  const integrate = async (
    request: IncomingMessage,
    exchange: Exchange,
    { route, parameters }: PathMatch<RestRoute>,
    path: string,
    query: string,
  ): Promise<void> => {
    const body = await readBody(request);
    if (body.kind === "aborted") return;
    if (body.kind === "too-large") {
      // The rest is read and dropped: closing while the client still sends would reset its connection before it reads this.
      exchange.refuse("REQUEST_TOO_LARGE", 413);
      return;
    }
    if (body.kind === "unsupported") {
      exchange.refuse("UNSUPPORTED_MEDIA_TYPE", 415);
      return;
    }
    const event = proxyEvent(request, {
      ...exchange.ids,
      resource: route.path,
      path,
      query,
      parameters,
      stagePrefix,
      stage: stage === "" ? customDomainStage : stage,
      body: body.text,
      isBase64Encoded: body.isBase64,
    });
    const timeoutMs = route.stream ? route.timeoutMs : Math.min(route.timeoutMs, maxBufferedTimeoutMs);
    const timer = setTimeout(() => {
      if (exchange.answered) exchange.cut();
      else exchange.refuse("INTEGRATION_TIMEOUT", 504);
    }, timeoutMs);
    const outcome = await route.invoke(JSON.stringify(event));
    // The timer goes on for a stream: the integration's timeout counts to its last byte.
    if (route.stream && outcome.kind === "streamed") {
      await relayStream(outcome, exchange, { idleTimeoutMs: streamIdleTimeoutMs });
    } else if (route.stream && outcome.kind === "buffered") {
      // InvokeWithResponseStream passes a buffered payload on as it is: there is no delimiter in it.
      exchange.refuse("DEFAULT_5XX", 502);
    } else {
      await answerBuffered(outcome, exchange);
    }
    clearTimeout(timer);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const exchange = new Exchange(response, newIds(), gatewayResponse);
    const url = request.url ?? "/";
    const queryAt = url.indexOf("?");
    const fullPath = queryAt < 0 ? url : url.slice(0, queryAt);
    if (stagePrefix !== "" && fullPath !== stagePrefix && !fullPath.startsWith(`${stagePrefix}/`)) {
      request.resume();
      // No stage, no table of responses: this is the service's own answer.
      exchange.begin({
        status: 403,
        headers: { "Content-Type": "application/json", "x-amzn-ErrorType": "ForbiddenException" },
      });
      response.end('{"message":"Forbidden"}');
      return;
    }
    if (headerBytes(request) > maxHeaderBytes) {
      request.resume();
      // The quota is documented, the status is not: 431 says what it is about.
      exchange.refuse("DEFAULT_4XX", 431);
      return;
    }
    const path = fullPath.slice(stagePrefix.length) || "/";
    const found = match(path);
    if (found === undefined) {
      request.resume();
      exchange.refuse("MISSING_AUTHENTICATION_TOKEN", 403);
      return;
    }
    await integrate(request, exchange, found, path, queryAt < 0 ? "" : url.slice(queryAt + 1));
  };

  const server = createServer((request, response) => {
    if (closing) {
      response.setHeader("Connection", "close");
    }
    response.once("close", () => {
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
    handle(request, response).catch((error: unknown) => {
      // Only a fault of this file gets here; it must show, and the client must not hang.
      console.error(error);
      response.destroy();
    });
  });
  server.keepAliveTimeout = 65_000;

  const listening = async (): Promise<string> => {
    await once(server, "listening");
    const address = server.address() as AddressInfo;
    const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return `http://${name}:${address.port}${stagePrefix}`;
  };

  return {
    listen: (port, host) => {
      server.listen(port, host);
      return listening();
    },
    takeOver: (listener) => {
      server.listen(listener);
      return listening();
    },
    close: (timeoutMs) => {
      closing = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
      server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      server.closeIdleConnections();
      return promise;
    },
  };
};
