import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";

/** A request as it passed the relay. */
export interface RelayedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What happens to a request instead of being passed on. */
export type Fault =
  /** The connection is reset before the server behind sees the request. */
  | { readonly kind: "reset" }
  /** The server behind does its work, and its answer never arrives. */
  | { readonly kind: "lose-answer" }
  /** Nothing is answered until the relay closes. */
  | { readonly kind: "hang" }
  /** Passed on once this resolves. */
  | { readonly kind: "hold"; readonly until: Promise<void> }
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** Answered once this resolves. */
      readonly until?: Promise<void>;
    };

export interface Relay {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Every request that arrived, faulted ones too. */
  readonly requests: RelayedRequest[];
  /** Decides about each request; undefined passes it on. */
  intercept: (request: RelayedRequest) => Fault | undefined;
  /** Forgets requests and passes everything on again. */
  reset(): void;
  close(): Promise<void>;
}

/** The DynamoDB or KMS operation of a request, such as `PutItem`. */
export const operationOf = ({ headers }: Pick<RelayedRequest, "headers">): string =>
  String(headers["x-amz-target"]).split(".")[1] ?? "";

/** Faults in order, one a request; then everything passes. */
export const inOrder = (...faults: readonly (Fault | undefined)[]): (() => Fault | undefined) => {
  const left = [...faults];
  return () => left.shift();
};

/** Names and values in turn, as node:http has and takes them, without what holds for one connection only. */
const withoutConnection = (rawHeaders: readonly string[]): string[] =>
  rawHeaders.filter((_, index) => rawHeaders[index - (index % 2)]?.toLowerCase() !== "connection");

/** By events: every call of hundreds of tests passes here, and `node:stream/consumers` takes five times as long. */
const readWhole = (message: IncomingMessage): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    message.on("data", (part: Buffer) => parts.push(part));
    message.once("end", () => resolve(Buffer.concat(parts)));
    message.once("error", reject);
    message.once("close", () => reject(new Error("The connection ended in the middle of a message")));
  });

const passOn = (
  agent: Agent,
  target: URL,
  incoming: IncomingMessage,
  { method, path, body }: RelayedRequest,
  response: ServerResponse | undefined,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = target;
    const call = request({ agent, hostname, port, method, path, headers: withoutConnection(incoming.rawHeaders) });
    call.once("error", reject);
    call.once("response", (answer: IncomingMessage) => {
      readWhole(answer).then((text) => {
        response?.writeHead(answer.statusCode ?? 502, answer.rawHeaders).end(text);
        resolve();
      }, reject);
    });
    call.end(body);
  });

/** A server that passes requests on to `target`, counts them, and breaks them as a test says. */
export const startRelay = async (target = "http://127.0.0.1:1"): Promise<Relay> => {
  const relay = {
    requests: [] as RelayedRequest[],
    intercept: (_request: RelayedRequest): Fault | undefined => undefined,
    reset: () => {
      relay.requests.length = 0;
      relay.intercept = () => undefined;
    },
  };
  const behind = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const seen: RelayedRequest = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      headers: incoming.headers,
      body: (await readWhole(incoming)).toString(),
    };
    relay.requests.push(seen);
    const fault = relay.intercept(seen);
    if (fault?.kind === "hold") await fault.until;
    if (fault === undefined || fault.kind === "hold") await passOn(agent, behind, incoming, seen, response);
    else if (fault.kind === "answer") {
      await fault.until;
      response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers }).end(fault.body);
    } else if (fault.kind !== "hang") {
      if (fault.kind === "lose-answer") await passOn(agent, behind, incoming, seen, undefined);
      response.destroy();
    }
  };
  // Longer than any test waits between two requests: a client may not see in time that an idle connection was closed.
  const server = createServer({ keepAliveTimeout: 120_000 }, (incoming, response) => {
    handle(incoming, response).catch((error: Error) => response.destroy(error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The relay has no port");
  return Object.assign(relay, {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  });
};
