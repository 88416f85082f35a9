import type { IncomingHttpHeaders } from "node:http";
import { wellFormedJson } from "#core/values/json-text.ts";
import { Connection, closeIdle, closeOlder, type Reader } from "./connection.ts";
import { lastThawMs, watchForFreezes } from "./freeze.ts";
import { maxIdleMs } from "./idle.ts";
import { serialise, type Target, toTarget } from "./post.ts";
import { ResponseReader } from "./response-reader.ts";
import { OutboundError, type OutboundRequest, staleForMs } from "./transport.ts";

/**
 * A POST of JSON whose answer is read whole, over the connections of core/outbound/post.ts: `send` and `readBytes` in one, with
 * their promises, at less CPU. For providers, where a request that may have arrived may have to be paid. Held against `send` by
 * its tests.
 */

export interface WholeRequest
  extends Pick<OutboundRequest, "url" | "headers" | "signal" | "headersTimeoutMs" | "idleTimeoutMs"> {
  /** JSON: half a character in it is replaced. */
  readonly body: string;
  /** Of the answer's body. */
  readonly maxBytes: number;
}

export interface WholeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** No connection that was opened ahead waits longer: a server may close one that says nothing, and a first request is not sent twice, ms. */
const aheadMs = 5_000;

/** Headers of which node keeps the first; of others it keeps all. https://nodejs.org/api/http.html#messageheaders */
const single = new Set(
  "age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since last-modified location max-forwards proxy-authorization referer retry-after server user-agent".split(
    " ",
  ),
);

/** As node:http has them. */
const toHeaders = (lines: readonly string[]): IncomingHttpHeaders => {
  const headers: Record<string, string | string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const known = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (name === "set-cookie") headers[name] = Array.isArray(known) ? [...known, value] : [value];
    else if (known === undefined) headers[name] = value;
    else if (!single.has(name)) headers[name] = `${String(known)}${name === "cookie" ? "; " : ", "}${value}`;
  }
  return headers;
};

/** Connections that may be used: none has been idle for long, nor lived through a freeze. */
const closeOld = ({ origin: { idle } }: Target): void => {
  watchForFreezes();
  closeOlder(idle, Math.max(Date.now() - maxIdleMs, lastThawMs()));
};

const takeKept = (target: Target): Connection | undefined => {
  closeOld(target);
  const { idle } = target.origin;
  for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
    if (!kept.isNew || Date.now() - kept.idleSinceMs <= aheadMs) return kept;
    kept.close();
  }
  return undefined;
};

/**
 * Opens a connection that the next `postWhole` to this origin takes, unless one is free. Never throws for the network.
 * @throws OutboundError for an address that is not http(s)
 */
export const openForWhole = (url: string): void => {
  const target = toTarget(url);
  closeOld(target);
  if (target.origin.idle.length > 0) return;
  const connection = new Connection(target.origin);
  connection.keep();
  setTimeout(() => connection.closeUnused(), aheadMs).unref();
};

const resetCodes: ReadonlySet<string | undefined> = new Set([undefined, "ECONNRESET", "EPIPE"]);

interface Attempt {
  readonly connection: Connection;
  /** Whether it was kept after an answer, and not opened for this request. */
  readonly isKept: boolean;
  readonly text: string;
  readonly request: WholeRequest;
}

/** Whether the server had left before the request reached it: reset at once, and nothing answered. */
const isReset = ({ connection, isKept }: Attempt, failure: OutboundError, calledAtMs: number): boolean =>
  isKept &&
  connection.isStale &&
  failure.failure === "network" &&
  resetCodes.has(failure.networkCode) &&
  performance.now() - calledAtMs < staleForMs;

/** @throws OutboundError, with `isReset` where another connection may be asked */
const attempt = async (made: Attempt): Promise<WholeAnswer> => {
  const { connection, isKept, text, request } = made;
  const { signal, headersTimeoutMs, idleTimeoutMs, maxBytes } = request;
  const response = new ResponseReader(maxBytes);
  const calledAtMs = performance.now();
  let sent = false;
  const headersTimer = setTimeout(() => {
    // A kept connection that says nothing is likely dead, and so are those that became free with it.
    if (isKept) closeIdle(made.connection.others);
    connection.abort(new OutboundError("timeout", `No response headers in ${headersTimeoutMs} ms`));
  }, headersTimeoutMs);
  const reader: Reader = {
    get keepsAlive() {
      return response.keepsAlive;
    },
    push: (bytes) => {
      const isWhole = response.push(bytes);
      if (response.hasHead) clearTimeout(headersTimer);
      return isWhole;
    },
    end: () => response.end(),
  };
  const onAbort = (): void => connection.abort(new OutboundError("aborted", "The call was aborted"));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await connection.exchange(text, reader, {
      onSent: () => {
        sent = true;
      },
      idleTimeoutMs,
      onIdle: () => connection.abort(new OutboundError("timeout", `Nothing arrived in ${idleTimeoutMs} ms`)),
    });
    return { status: response.status, headers: toHeaders(response.headerLines), bytes: response.bytes };
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    // A server that answers has begun its work, whatever of the request it has read.
    throw Object.assign(error, { sent: sent || response.hasHead, isReset: isReset(made, error, calledAtMs) });
  } finally {
    clearTimeout(headersTimer);
    signal?.removeEventListener("abort", onAbort);
  }
};

const beforeSent = (error: unknown): unknown =>
  error instanceof OutboundError ? Object.assign(error, { sent: false }) : error;

const prepare = (request: WholeRequest): { readonly target: Target; readonly text: string } => {
  try {
    if (request.signal?.aborted === true) throw new OutboundError("aborted", "The call was aborted");
    const target = toTarget(request.url);
    const { headers } = request;
    return { target, text: serialise(target, { headers, body: wellFormedJson(request.body) }) };
  } catch (error) {
    throw beforeSent(error);
  }
};

/**
 * Posts and resolves with the whole answer, whatever its status. A kept connection that the server had closed meanwhile is
 * replaced once: it is reset at once, and nothing of the request was answered on it. A later reset may be the end of work that
 * was begun, so the caller decides. @throws OutboundError whose `sent` says whether the last byte may have left
 */
export const postWhole = async (request: WholeRequest): Promise<WholeAnswer> => {
  const { target, text } = prepare(request);
  const kept = takeKept(target);
  const onNew = (): Promise<WholeAnswer> =>
    attempt({ connection: new Connection(target.origin), isKept: false, text, request });
  if (kept === undefined) return onNew();
  try {
    return await attempt({ connection: kept, isKept: !kept.isNew, text, request });
  } catch (error) {
    if (!(Object(error) as { readonly isReset?: boolean }).isReset) throw error;
    return onNew();
  }
};
