import type { AgentOptions, ClientRequest, Agent as HttpAgent, IncomingMessage, RequestOptions } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Readable } from "node:stream";
import { wellFormedJson } from "#core/values/json-text.ts";
import { openAhead, takingAhead } from "./ahead.ts";
import { lastThawMs, watchForFreezes } from "./freeze.ts";
import { maxIdleMs } from "./idle.ts";

/**
 * Every outgoing call on the hot path but the small ones of core/outbound/post.ts and answers that are read whole
 * (core/outbound/post-whole.ts): a keep-alive node:http(s) request with a
 * time for the headers, a time between two reads, and a signal. docs/decisions/0002 has the figures against fetch, undici and
 * the vendors' SDKs. A model may think for minutes before its headers, so silence says nothing of a connection: one that
 * lived through a freeze is not used at all.
 */

// getBuiltinModule instead of an import: node's ESM facade of node:http loads all of undici (about 30 ms of a cold start).
const http = process.getBuiltinModule("node:http");
const net = process.getBuiltinModule("node:net");

export type OutboundFailure = "network" | "timeout" | "aborted";

/** A call that brought no whole answer. `aborted` means that our own signal fired. */
export class OutboundError extends Error {
  override readonly name = "OutboundError";
  readonly failure: OutboundFailure;
  /** Node's error code, such as ECONNREFUSED. */
  readonly networkCode: string | undefined;
  /** Whether the last byte of the request may have left: then the other side may do, and bill, what it was asked. */
  sent = true;

  constructor(failure: OutboundFailure, message: string, networkCode?: string) {
    super(message);
    this.failure = failure;
    this.networkCode = networkCode;
  }
}

const unsent = (error: OutboundError): OutboundError => Object.assign(error, { sent: false });

export interface OutboundRequest {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  /** Text is JSON: half a character in it is replaced. */
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal | undefined;
  /** From the call to the response headers, ms. */
  readonly headersTimeoutMs: number;
  /** Without any byte in either direction, ms. */
  readonly idleTimeoutMs: number;
  /** Sent on a new connection, and so never a second time: for work that would be paid twice. */
  readonly onlyOnce?: boolean;
  /** Holds the connections; the one for all addresses of ours unless given. */
  readonly agent?: HttpAgent | undefined;
}

interface Origin {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: string | undefined;
  readonly host: string;
  readonly path: string;
  readonly agent: HttpAgent;
}

const agentOptions = { keepAlive: true, maxFreeSockets: 32, scheduling: "lifo" } as const;

/** When each free socket became free, Unix ms. */
const freeSince = new WeakMap<object, number>();

/** Notes when a socket becomes free: an agent's own timers stand still while Lambda is frozen. */
const noting = <Kept extends HttpAgent>(agent: Kept): Kept =>
  agent.on("free", (socket: object) => {
    freeSince.set(socket, Date.now());
    watchForFreezes();
  });

/** Closes free sockets that may have died during a freeze, or all. The agent takes none that is destroyed. */
const closeFreeSockets = ({ freeSockets }: HttpAgent, oldestMs: number): void => {
  // No array of all of them: this is asked before every call, and most often nothing is old.
  for (const name in freeSockets) {
    for (const socket of freeSockets[name] ?? []) if ((freeSince.get(socket) ?? 0) < oldestMs) socket.destroy();
  }
};

const plainAgent = takingAhead(noting(new http.Agent(agentOptions)));
let secureAgent: HttpsAgent | undefined;

/** Loaded with the first https call: TLS takes longer to load than all of our own code, and a server on this machine needs none. */
const https = (): typeof import("node:https") => process.getBuiltinModule("node:https");

const agentOf = (secure: boolean): HttpAgent => {
  if (!secure) return plainAgent;
  secureAgent ??= takingAhead(noting(new (https().Agent)(agentOptions)));
  return secureAgent;
};

/** Another agent that keeps its connections, such as one with a guarded look-up. */
export const newAgent = (secure: boolean, options: AgentOptions): HttpAgent => {
  const { Agent } = secure ? https() : http;
  return noting(new Agent({ ...agentOptions, ...options }));
};

const maxKnownUrls = 256;
const knownUrls = new Map<string, Origin>();

const parse = (url: string): Origin => {
  const known = knownUrls.get(url);
  if (known !== undefined) return known;
  const { protocol, hostname, port, host, pathname, search } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:")
    throw unsent(new OutboundError("network", `Not an http(s) URL: ${protocol}`));
  const secure = protocol === "https:";
  const origin: Origin = {
    secure,
    // URL keeps the brackets of an IPv6 address, node:http wants it without.
    hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
    port: port === "" ? undefined : port,
    host,
    path: pathname + search,
    agent: agentOf(secure),
  };
  if (knownUrls.size >= maxKnownUrls) knownUrls.clear();
  knownUrls.set(url, origin);
  return origin;
};

const networkCodeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** Turns whatever a socket or stream threw into an `OutboundError`. */
export const toOutboundError = (error: unknown, signal?: AbortSignal): OutboundError => {
  if (error instanceof OutboundError) return error;
  if (signal?.aborted === true) return new OutboundError("aborted", "The call was aborted");
  const code = networkCodeOf(error);
  return new OutboundError("network", `The connection failed${code === undefined ? "" : ` (${code})`}`, code);
};

/** A connection that its server has closed is reset by the first packet, a round trip later: no later than this, ms. */
export const staleForMs = 2_000;

const optionsOf = (
  { hostname, port, path, host }: Origin,
  { method = "POST", headers, idleTimeoutMs, onlyOnce }: OutboundRequest,
  body: string | Buffer | undefined,
  agent: HttpAgent,
): RequestOptions => ({
  method,
  hostname,
  port,
  path,
  agent: onlyOnce === true ? false : agent,
  timeout: idleTimeoutMs,
  headers: {
    ...headers,
    host,
    ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
  },
});

const attempt = (origin: Origin, request: OutboundRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { signal, agent = origin.agent } = request;
    const body = typeof request.body === "string" ? wellFormedJson(request.body) : request.body;
    if (signal?.aborted === true) {
      reject(unsent(new OutboundError("aborted", "The call was aborted")));
      return;
    }
    const options = optionsOf(origin, request, body, agent);
    closeFreeSockets(agent, Math.max(Date.now() - maxIdleMs, lastThawMs()));
    const call: ClientRequest = origin.secure ? https().request(options) : http.request(options);
    let answer: IncomingMessage | undefined;
    let sent = false;
    const calledAtMs = performance.now();
    call.once("finish", () => {
      sent = true;
    });
    const giveUp = (what: string): void => {
      const failure = new OutboundError("timeout", what);
      // Once the headers are here the error has to reach whoever reads the body.
      answer?.destroy(failure);
      call.destroy(failure);
    };
    const { headersTimeoutMs, idleTimeoutMs } = request;
    const headersTimer = setTimeout(() => {
      // A kept socket that says nothing is likely dead, and so are those that became free with it.
      if (call.reusedSocket) closeFreeSockets(agent, Number.POSITIVE_INFINITY);
      giveUp(`No response headers in ${headersTimeoutMs} ms`);
    }, headersTimeoutMs);
    const onAbort = (): void => {
      call.destroy(new OutboundError("aborted", "The call was aborted"));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    call.once("close", () => {
      clearTimeout(headersTimer);
      signal?.removeEventListener("abort", onAbort);
    });
    call.once("timeout", () => giveUp(`Nothing arrived in ${idleTimeoutMs} ms`));
    call.on("error", (error) => {
      answer?.destroy(toOutboundError(error, signal));
      const failure = toOutboundError(error, signal);
      const isReset = /^(ECONNRESET|EPIPE)$/.test(failure.networkCode ?? "");
      const isStale = isReset && call.reusedSocket && performance.now() - calledAtMs < staleForMs;
      // A server that answers has begun its work, whatever of the request it has read.
      reject(Object.assign(failure, { sent: sent || answer !== undefined, isStale }));
    });
    call.once("response", (response) => {
      clearTimeout(headersTimer);
      answer = response;
      resolve(response);
    });
    call.end(body);
  });

/**
 * Sends one request and resolves with its response as soon as the headers are here; the body is read by the caller.
 * A kept-alive socket that the server had closed meanwhile is replaced once: it is reset at once, and nothing of the request
 * was answered on it. A later reset may be the end of work that was begun, so the caller decides.
 * @throws OutboundError
 */
export const send = async (request: OutboundRequest): Promise<IncomingMessage> => {
  const origin = parse(request.url);
  try {
    return await attempt(origin, request);
  } catch (error) {
    if (!(Object(error) as { readonly isStale?: boolean }).isStale) throw error;
    return attempt(origin, request);
  }
};

/**
 * Opens a connection that the next `send` to this origin takes, unless one is free. Never throws for the network.
 * @throws OutboundError for an address that is not http(s)
 */
export const connectAhead = (url: string): void => {
  const { agent, hostname: host, port, secure } = parse(url);
  const options = {
    host,
    port: port ?? (secure ? 443 : 80),
    // As node:https indicates it: an address has no name.
    ...(secure ? { servername: net.isIP(host) === 0 ? host : "" } : {}),
    noDelay: true,
  };
  closeFreeSockets(agent, Math.max(Date.now() - maxIdleMs, lastThawMs()));
  if ((agent.freeSockets[agent.getName(options)]?.length ?? 0) === 0) openAhead(agent, options);
};

/** Reads a whole body. By events: the async iterator of a stream costs 20 µs more. @throws OutboundError also when it is longer than `maxBytes`. */
export const readBytes = (response: Readable, maxBytes: number, signal?: AbortSignal): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    response.on("data", (part: Buffer) => {
      bytes += part.length;
      parts.push(part);
      if (bytes > maxBytes) {
        response.destroy(new OutboundError("network", `The body is longer than ${maxBytes} bytes`));
      }
    });
    response.once("end", () => {
      const [only] = parts;
      resolve(parts.length === 1 && only !== undefined ? only : Buffer.concat(parts));
    });
    response.on("error", (error) => reject(toOutboundError(error, signal)));
    response.once("close", () => {
      // A connection cut before its content-length. Not made in advance: an error's stack costs as much as a small call.
      if (!response.readableEnded) {
        reject(new OutboundError("network", "The connection ended in the middle of the body"));
      }
    });
    // What broke before anybody listened is not reported again.
    if (response.destroyed) reject(toOutboundError(response.errored, signal));
  });

/** The same as UTF-8. @throws OutboundError */
export const readText = async (response: Readable, maxBytes: number, signal?: AbortSignal): Promise<string> =>
  (await readBytes(response, maxBytes, signal)).toString("utf8");
