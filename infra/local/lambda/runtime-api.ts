import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { maxResponseBytes } from "./limits.ts";
import {
  type FunctionFailure,
  failureFromRuntime,
  type InvocationOutcome,
  responseTooLargeFailure,
} from "./outcome.ts";

/** One invocation on its way through a worker. */
export interface Job {
  readonly requestId: string;
  /** The event as JSON. */
  readonly payload: string;
  /** Called once, as soon as the response begins (streamed) or is whole (buffered), or the invocation failed. */
  settle(outcome: InvocationOutcome): void;
}

export interface RuntimeApiEvents {
  /** The worker asks for an event and has nothing open. */
  ready(): void;
  /** The worker's response is whole, but it has not asked for the next event yet. */
  finished(): void;
  initError(failure: FunctionFailure): void;
}

interface OpenInvocation {
  readonly job: Job;
  settled: boolean;
  stream?: IncomingMessage;
  endStream?: (failure: FunctionFailure | undefined) => void;
}

const prefix = "/2018-06-01/runtime/";

/** Reads a body up to Lambda's response limit; undefined when it is larger. The rest is read and dropped, since a writer must be let finish. */
const readLimited = async (request: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes <= maxResponseBytes) chunks.push(chunk);
  }
  if (bytes > maxResponseBytes) return undefined;
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only.toString("utf8") : Buffer.concat(chunks).toString("utf8");
};

const failureFromTrailers = ({ trailers }: IncomingMessage): FunctionFailure | undefined => {
  if (trailers["lambda-runtime-function-error-type"] === undefined) return undefined;
  const body = trailers["lambda-runtime-function-error-body"] ?? "";
  return failureFromRuntime("function-error", Buffer.from(body, "base64").toString("utf8"));
};

/**
 * Lambda's Runtime API for one worker: a server on 127.0.0.1 of its own, as every sandbox has. It hands out one event
 * at a time and turns the runtime's posts into outcomes. Source: Lambda developer guide, "Runtime API", and
 * aws-lambda-ric 4.0.2 for the streamed form.
 */
export class RuntimeApi {
  readonly #server: Server;
  readonly #events: RuntimeApiEvents;
  readonly #functionArn: string;
  #waiting: ServerResponse | undefined;
  #open: OpenInvocation | undefined;

  constructor(functionArn: string, events: RuntimeApiEvents) {
    this.#functionArn = functionArn;
    this.#events = events;
    this.#server = createServer((request, response) => this.#route(request, response));
    // A worker waits for its next event, and streams a response, for as long as that takes.
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
    this.#server.keepAliveTimeout = 0;
  }

  /** Resolves to `host:port`, as the runtime wants it. */
  listen(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#server.once("error", reject);
    this.#server.listen(0, "127.0.0.1", () => {
      const address = this.#server.address() as AddressInfo;
      resolve(`127.0.0.1:${address.port}`);
    });
    return promise;
  }

  /** Hands an event to the worker. Only after `ready`. */
  send(job: Job, deadlineMs: number): void {
    const response = this.#waiting;
    if (response === undefined || this.#open !== undefined) throw new Error("The worker is not ready for an event");
    this.#waiting = undefined;
    this.#open = { job, settled: false };
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Lambda-Runtime-Aws-Request-Id": job.requestId,
      "Lambda-Runtime-Deadline-Ms": deadlineMs,
      "Lambda-Runtime-Invoked-Function-Arn": this.#functionArn,
      "Lambda-Runtime-Trace-Id": `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${job.requestId.replaceAll("-", "").slice(0, 24)};Sampled=0`,
    });
    response.end(job.payload);
  }

  /** Ends whatever is open with a failure: the outcome if there is none yet, else the stream. */
  abort(failure: FunctionFailure): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#settle(open, { kind: "failed", requestId: open.job.requestId, failure });
    open.endStream?.(failure);
    open.stream?.destroy(new Error(failure.errorMessage));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const action = request.url?.startsWith(prefix) ? request.url.slice(prefix.length) : "";
    if (action === "invocation/next") {
      this.#next(response);
    } else if (action === "init/error") {
      void this.#initError(request, response);
    } else {
      this.#receive(action, request, response);
    }
  }

  #receive(action: string, request: IncomingMessage, response: ServerResponse): void {
    const [scope, requestId, verb] = action.split("/");
    const open = this.#open;
    if (scope !== "invocation" || open === undefined || open.settled || requestId !== open.job.requestId) {
      request.resume();
      response.writeHead(400, { "Content-Type": "application/json" });
      response.end('{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}');
      return;
    }
    if (verb === "response" && request.headers["lambda-runtime-function-response-mode"] === "streaming") {
      this.#receiveStream(open, request, response);
    } else {
      void this.#receiveBuffered(open, verb === "error", request, response);
    }
  }

  #next(response: ServerResponse): void {
    this.#waiting = response;
    // The request for the next event may overtake the post of the response: then the end of that post makes it ready.
    if (this.#open === undefined) this.#events.ready();
  }

  async #initError(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readLimited(request).catch(() => "");
    response.writeHead(202, { "Content-Type": "application/json" }).end('{"status":"OK"}');
    this.#events.initError(failureFromRuntime("init-error", body ?? ""));
  }

  #receiveStream(open: OpenInvocation, request: IncomingMessage, response: ServerResponse): void {
    const { promise, resolve } = Promise.withResolvers<FunctionFailure | undefined>();
    open.stream = request;
    open.endStream = resolve;
    request.once("end", () => {
      response.writeHead(202, { "Content-Type": "application/json" }).end('{"status":"OK"}');
      this.#endStream(open, failureFromTrailers(request));
    });
    // A broken stream ends its worker (a destroyed one makes the runtime exit), or the deadline does: `abort` tells why.
    request.once("error", () => {});
    this.#settle(open, {
      kind: "streamed",
      requestId: open.job.requestId,
      contentType: request.headers["content-type"] ?? "application/octet-stream",
      body: request,
      ended: promise,
    });
  }

  async #receiveBuffered(
    open: OpenInvocation,
    isError: boolean,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { requestId } = open.job;
    let payload: string | undefined;
    try {
      payload = await readLimited(request);
    } catch {
      // The worker went away while it answered: its exit tells why.
      return;
    }
    const tooLarge = payload === undefined;
    response.writeHead(tooLarge ? 413 : 202, { "Content-Type": "application/json" });
    response.end(tooLarge ? JSON.stringify(responseTooLargeFailure) : '{"status":"OK"}');
    if (payload === undefined) {
      this.#settle(open, { kind: "failed", requestId, failure: responseTooLargeFailure });
    } else if (isError) {
      this.#settle(open, { kind: "failed", requestId, failure: failureFromRuntime("function-error", payload) });
    } else {
      this.#settle(open, { kind: "buffered", requestId, payload });
    }
    this.#close(open);
  }

  #settle(open: OpenInvocation, outcome: InvocationOutcome): void {
    if (open.settled) return;
    open.settled = true;
    open.job.settle(outcome);
  }

  #endStream(open: OpenInvocation, failure: FunctionFailure | undefined): void {
    open.endStream?.(failure);
    this.#close(open);
  }

  #close(open: OpenInvocation): void {
    if (this.#open !== open) return;
    this.#open = undefined;
    if (this.#waiting === undefined) this.#events.finished();
    else this.#events.ready();
  }
}
