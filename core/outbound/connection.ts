import type { Socket } from "node:net";
import { maxIdleMs } from "./idle.ts";
import { ResponseError } from "./response-reader.ts";
import { OutboundError, toOutboundError } from "./transport.ts";

// Not imported, as in core/outbound/transport.ts: the ESM facades of node's modules load more than they are asked for.
const net = process.getBuiltinModule("node:net");

/** Where connections lead, and the idle ones: the last used is used first, so that the rest may age out. */
export interface Origin {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** For the `host` header. */
  readonly host: string;
  readonly idle: Connection[];
  /** The last TLS session, so that the next connection is made in one round. */
  session: Buffer | undefined;
}

const maxIdle = 32;
const probeAfterMs = 60_000;

const open = (origin: Origin): Socket => {
  const { secure, hostname: host, port, session } = origin;
  if (!secure) return net.connect({ host, port });
  // Loaded here: it takes longer than all of our own code, and a server on this machine needs none.
  const socket = process.getBuiltinModule("node:tls").connect({
    host,
    port,
    ALPNProtocols: ["http/1.1"],
    // An address has no name to be indicated; its certificate is checked against the address itself.
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    ...(session === undefined ? {} : { session }),
  });
  socket.on("session", (newer) => {
    origin.session = newer;
  });
  return socket;
};

/** Takes the bytes of one response. */
export interface Reader {
  /** Whether the connection may serve another request. */
  readonly keepsAlive: boolean;
  /** Takes what arrived. True when the response is whole. @throws ResponseError */
  push(bytes: Buffer): boolean;
  /** The connection ended. True when that is how this response ends. */
  end(): boolean;
}

/** What an exchange may be told of while it runs. */
export interface Watch {
  /** The last byte of the request has left. */
  readonly onSent: () => void;
  /** Without any byte in either direction, ms. */
  readonly idleTimeoutMs: number;
  readonly onIdle: () => void;
}

interface Exchange {
  readonly reader: Reader;
  readonly watch: Watch | undefined;
  readonly resolve: () => void;
  readonly reject: (failure: OutboundError) => void;
}

/** The last used idle connection that is young enough. Those that are not are closed: all before it are older still. */
export const takeIdle = ({ idle }: Origin): Connection | undefined => {
  if (Date.now() - (idle.at(-1)?.idleSinceMs ?? 0) > maxIdleMs) closeIdle(idle);
  return idle.pop();
};

/** Closes every idle connection: one of them turned out to be dead, and they went idle together. */
export const closeIdle = (idle: Connection[]): void => {
  for (const connection of idle.splice(0)) connection.close();
};

/** Closes the connections that went idle before a moment, Unix ms. */
export const closeOlder = (idle: Connection[], oldestMs: number): void => {
  while ((idle[0]?.idleSinceMs ?? Number.POSITIVE_INFINITY) < oldestMs) idle.shift()?.close();
};

/**
 * One connection to one origin, with one request on it at a time. It goes back to the idle ones by itself.
 * Fields: a socket, the exchange on it, and what is known of both.
 */
export class Connection {
  readonly #origin: Origin;
  readonly #socket: Socket;
  #exchange: Exchange | undefined;
  /** A byte of the running response is here. */
  #answered = false;
  /** Nothing has ever arrived: its handshakes may be under way. */
  #isNew = true;
  #stale = false;
  /** The last byte of the running request has left. */
  #isSent = false;
  /** Whether the last exchange ran into its timeout before any byte of its response. */
  isSilent = false;
  /** Unix ms. */
  idleSinceMs = 0;

  constructor(origin: Origin) {
    this.#origin = origin;
    this.#socket = open(origin);
    this.#socket.setNoDelay(true);
    this.#socket.setKeepAlive(true, probeAfterMs);
    // Whoever waits has a timer of their own; an idle connection must not keep a process alive.
    this.#socket.unref();
    this.#socket.on("data", (bytes) => this.#receive(bytes));
    this.#socket.once("end", () => this.#end());
    this.#socket.on("error", (error) => this.#fail(toOutboundError(error)));
    this.#socket.once("close", () => this.#fail(new OutboundError("network", "The connection was closed")));
    this.#socket.on("timeout", () => this.#exchange?.watch?.onIdle());
  }

  /** Whether the last exchange failed before any byte of its response: on a kept connection, the server had left before. */
  get isStale(): boolean {
    return this.#stale;
  }

  /** Whether nothing has arrived on it yet, so that its handshakes may take a part of a call's time. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** Makes it wait for the next call, while it connects or after an exchange. */
  keep(): void {
    this.idleSinceMs = Date.now();
    this.#origin.idle.push(this);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Closes it where no call has taken it since it was opened. */
  closeUnused(): void {
    if (this.#isNew && this.#exchange === undefined) this.#socket.destroy();
  }

  /** The idle connections to the same origin. */
  get others(): Connection[] {
    return this.#origin.idle;
  }

  /** Sends a request and resolves when its response is whole. @throws OutboundError */
  exchange(request: string, reader: Reader, watch?: Watch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#exchange = { reader, watch, resolve, reject };
      this.#answered = false;
      this.#isSent = false;
      // Whoever waits here has no timer once the headers are here.
      if (watch !== undefined) this.#socket.ref().setTimeout(watch.idleTimeoutMs);
      this.#socket.write(request, (error) => {
        // Of an exchange that is over, nobody is told.
        if ((error ?? undefined) !== undefined) return;
        this.#isSent = true;
        watch?.onSent();
      });
    });
  }

  /** Gives the running exchange up. */
  abort(failure: OutboundError): void {
    this.isSilent = failure.failure === "timeout" && !this.#answered;
    this.#answered = true;
    this.#fail(failure);
  }

  #receive(bytes: Buffer): void {
    const exchange = this.#exchange;
    this.#answered = true;
    this.#isNew = false;
    if (exchange === undefined) {
      // Nothing was asked: whatever this is, the next response could be taken for another's.
      this.#fail(new OutboundError("network", "An answer came to no question"));
      return;
    }
    try {
      if (exchange.reader.push(bytes)) this.#finish(exchange);
    } catch (error) {
      this.#fail(error instanceof ResponseError ? new OutboundError("network", error.message) : toOutboundError(error));
    }
  }

  #end(): void {
    const exchange = this.#exchange;
    if (exchange?.reader.end() === true) this.#finish(exchange);
    else this.#fail(new OutboundError("network", "The connection ended before the answer did"));
  }

  #finish({ reader, watch, resolve }: Exchange): void {
    this.#exchange = undefined;
    if (watch !== undefined) this.#socket.setTimeout(0).unref();
    const isFree = reader.keepsAlive && this.#isSent && !this.#socket.destroyed;
    if (isFree && this.#origin.idle.length < maxIdle) this.keep();
    else this.#socket.destroy();
    resolve();
  }

  #fail(failure: OutboundError): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#stale = !this.#answered;
    const { idle } = this.#origin;
    const index = idle.indexOf(this);
    if (index >= 0) idle.splice(index, 1);
    this.#socket.destroy();
    exchange?.reject(failure);
  }
}
