import { Connection, closeIdle, type Origin, takeIdle } from "./connection.ts";
import { ResponseReader } from "./response-reader.ts";
import { OutboundError } from "./transport.ts";

/**
 * A POST of text, answered with text: DynamoDB, KMS and Unkey's verdict, seven times for one chat. It does what these need
 * and no more, at a third of the CPU of node:http's client (docs/quality/performance.md). Providers whose answers stream, and every
 * other server, are called through core/outbound/transport.ts. Held against node:http by a test.
 */

export interface PostRequest {
  /** Without a query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal?: AbortSignal | undefined;
  /** From the call to the last byte of the answer, ms. */
  readonly timeoutMs: number;
  /** The same on a new connection, whose handshakes take their time. Default `timeoutMs`. */
  readonly freshTimeoutMs?: number;
  /** Asks again, once and on a new connection, where a kept one stays silent: for what may be asked twice. */
  readonly retriesSilence?: boolean;
  readonly maxBytes: number;
}

export interface PostAnswer {
  readonly status: number;
  readonly text: string;
}

export interface Target {
  readonly origin: Origin;
  /** With the query. */
  readonly path: string;
}

const maxTargets = 64;
const targets = new Map<string, Target>();
const origins = new Map<string, Origin>();

const toOrigin = ({ protocol, hostname, port, host }: URL): Origin => {
  const secure = protocol === "https:";
  if (!secure && protocol !== "http:") throw new OutboundError("network", `Not an http(s) URL: ${protocol}`);
  const name = `${protocol}//${host}`;
  const known = origins.get(name);
  if (known !== undefined) return known;
  const origin: Origin = {
    secure,
    // URL keeps the brackets of an IPv6 address, a socket wants it without.
    hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    host,
    idle: [],
    session: undefined,
  };
  origins.set(name, origin);
  return origin;
};

export const toTarget = (text: string): Target => {
  const known = targets.get(text);
  if (known !== undefined) return known;
  const url = new URL(text);
  const target = { origin: toOrigin(url), path: url.pathname + url.search };
  if (targets.size >= maxTargets) targets.clear();
  targets.set(text, target);
  return target;
};

const headerValue = /^[\x20-\x7e]*$/;

/** The request as it goes out. Throws where a header could end before its value does. */
export const serialise = (
  { origin, path }: Target,
  { headers, body }: Pick<PostRequest, "headers" | "body">,
): string => {
  let head = `POST ${path} HTTP/1.1\r\nhost: ${origin.host}\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? "";
    if (!headerValue.test(value)) throw new OutboundError("network", `The header ${name} cannot be sent`);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
};

const aborted = (): OutboundError => new OutboundError("aborted", "The call was aborted");

const sliceMs = 100;

/**
 * Calls `giveUp` once the network had so much time. While our own event loop is busy no answer can be read, however soon it
 * came: each slice counts no more than itself, and what has arrived is read before the last word. Returns how to stop it.
 */
const afterNetworkTime = (timeoutMs: number, giveUp: () => void): (() => void) => {
  let leftMs = timeoutMs;
  let timer: NodeJS.Timeout | undefined;
  let last: NodeJS.Immediate | undefined;
  const wait = (): void => {
    const slice = Math.min(leftMs, sliceMs);
    timer = setTimeout(() => {
      leftMs -= slice;
      if (leftMs > 0) wait();
      // Sockets are read between timers and immediates.
      else last = setImmediate(giveUp);
    }, slice);
  };
  wait();
  return () => {
    clearTimeout(timer);
    clearImmediate(last);
  };
};

const exchange = async (
  connection: Connection,
  text: string,
  { signal, maxBytes }: PostRequest,
  timeoutMs: number,
): Promise<PostAnswer> => {
  const reader = new ResponseReader(maxBytes);
  const stop = afterNetworkTime(timeoutMs, () => {
    connection.abort(new OutboundError("timeout", `No whole answer in ${timeoutMs} ms`));
  });
  const onAbort = signal === undefined ? undefined : () => connection.abort(aborted());
  if (onAbort !== undefined) signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await connection.exchange(text, reader);
    return { status: reader.status, text: reader.text };
  } finally {
    stop();
    if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
  }
};

/**
 * Opens a connection that the next call to this origin takes, where there is none. Never throws for the network: the call
 * itself meets what is wrong, on a fresh connection.
 */
export const connectEarly = (url: string): void => {
  const { origin } = toTarget(url);
  if (origin.idle.length === 0) new Connection(origin).keep();
};

/**
 * Posts and resolves with the whole answer, whatever its status. A kept connection that the server had closed meanwhile is
 * replaced once by a fresh one: no byte of an answer came on it. One that stays silent until the timeout takes the other
 * idle ones with it, so that the next try is made on a fresh one. @throws OutboundError
 */
export const post = async (request: PostRequest): Promise<PostAnswer> => {
  if (request.signal?.aborted === true) throw aborted();
  const target = toTarget(request.url);
  const text = serialise(target, request);
  const { origin } = target;
  const onNewConnection = (): Promise<PostAnswer> =>
    exchange(new Connection(origin), text, request, request.freshTimeoutMs ?? request.timeoutMs);
  const kept = takeIdle(origin);
  if (kept === undefined) return onNewConnection();
  try {
    const timeoutMs = kept.isNew ? (request.freshTimeoutMs ?? request.timeoutMs) : request.timeoutMs;
    return await exchange(kept, text, request, timeoutMs);
  } catch (error) {
    if (kept.isSilent) closeIdle(origin.idle);
    if (!(kept.isStale || (kept.isSilent && request.retriesSilence === true))) throw error;
    return onNewConnection();
  }
};
