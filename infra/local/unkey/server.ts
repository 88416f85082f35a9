import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { basename, dirname } from "node:path";
import { reportFault } from "#infra/local/disk-fault.ts";
import { UnusableData } from "#infra/local/unusable-data.ts";
import { endpoints, type Unkey } from "./endpoints.ts";
import { newUnkeyId } from "./key-text.ts";
import { Problem } from "./problem.ts";
import { SlidingWindows } from "./sliding-window.ts";
import { State } from "./state.ts";
import { openStateFile, readStateFile, type StateFile } from "./state-file.ts";

/** A running stand-in for Unkey. `close` ends connections and keeps the state; calling it again is harmless. */
export interface UnkeyServer {
  /** Such as `http://127.0.0.1:4612`: the SDK's `serverURL`. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

export interface UnkeyServerOptions {
  /** What callers send as `Authorization: Bearer …`. */
  readonly rootKey: string;
  /** The one API. Any other id is not found. */
  readonly apiId: string;
  readonly apiName?: string | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Without it, or 0: any free port. */
  readonly port?: number | undefined;
  /** Keeps keys and identities. Without it they live in memory; rate-limit windows always do. */
  readonly dataFile?: string | undefined;
  /** Unix milliseconds; a test may turn the clock. */
  readonly nowMs?: (() => number) | undefined;
}

const largestBodyBytes = 1_048_576;

/**
 * Starts a stand-in for Unkey's v2 API: keys, verification with rate limits, identities, rate limits. It is made from
 * Unkey's published specification and held against it by a contract test; it is not Unkey. Keys are stored as SHA-256
 * only. What a management call changed is on disk before it is answered; usage marks follow within two seconds.
 * It does not do: recoverable keys, permissions of roles, refills of credits, IP lists, overrides, analytics.
 * @throws Error when the port is in use or the data file is not one of ours.
 */
export const startUnkey = async (options: UnkeyServerOptions): Promise<UnkeyServer> => {
  const state = await loadState(options.dataFile);
  const file =
    options.dataFile === undefined
      ? undefined
      : await openStateFile(options.dataFile, () => state.toText(), reportUnsaved);
  const unkey: Unkey = {
    state,
    windows: new SlidingWindows(),
    api: { id: options.apiId, name: options.apiName ?? options.apiId },
    nowMs: options.nowMs ?? Date.now,
  };
  const server = createServer((request, response) => {
    void answer(request, response, unkey, file, options.rootKey);
  });
  await listen(server, options.port ?? 0, options.host ?? "127.0.0.1");
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await file?.save();
  };
  return {
    url: urlOf(server),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
};

const loadState = async (dataFile: string | undefined): Promise<State> => {
  if (dataFile === undefined) return new State();
  const text = await readStateFile(dataFile);
  if (text === undefined) return new State();
  try {
    return State.fromText(text);
  } catch (cause) {
    throw new UnusableData(dirname(dataFile), `${basename(dataFile)} is not readable`, { cause });
  }
};

const reportUnsaved = (error: unknown): void => {
  reportFault("The Unkey stand-in", error);
};

const listen = async (server: Server, port: number, host: string): Promise<void> => {
  // Clients keep connections for later calls, as they do with the real service.
  server.keepAliveTimeout = 65_000;
  server.listen(port, host);
  await once(server, "listening");
};

const urlOf = (server: Server): string => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
};

const answer = async (
  request: IncomingMessage,
  response: ServerResponse,
  unkey: Unkey,
  file: StateFile | undefined,
  rootKey: string,
): Promise<void> => {
  const requestId = newUnkeyId("req");
  const send = (status: number, body: object): void => {
    if (response.destroyed) return;
    const text = JSON.stringify(body);
    response.writeHead(status, {
      "content-type": status >= 400 && takesProblems(request) ? "application/problem+json" : "application/json",
      "content-length": Buffer.byteLength(text),
    });
    response.end(text);
  };
  try {
    if (request.method === "GET" && request.url === "/v2/liveness") {
      send(200, { meta: { requestId }, data: { message: "OK" } });
      return;
    }
    const endpoint = request.method === "POST" ? endpoints[pathOf(request)] : undefined;
    if (endpoint === undefined) {
      throw new Problem("notFound", "unkey/resource/not_found", "There is no such endpoint.");
    }
    authenticate(request.headers.authorization, rootKey);
    const body = endpoint.call(parseJson(await readBody(request)), unkey);
    if (endpoint.keeping === "now") await file?.save();
    if (endpoint.keeping === "later") file?.saveLater();
    send(200, { meta: { requestId }, ...body });
  } catch (error) {
    // The caller left while it was sending.
    if (request.destroyed && !request.complete) return;
    const problem = error instanceof Problem ? error : unexpected(error);
    send(problem.status, problem.toBody(requestId));
  }
};

const pathOf = (request: IncomingMessage): string => (request.url ?? "").split("?", 1)[0] ?? "";

/** Unkey answers problem+json only to those who say that they take it. */
const takesProblems = (request: IncomingMessage): boolean =>
  /\*\/\*|application\/problem\+json/.test(request.headers.accept ?? "");

const authenticate = (header: string | undefined, rootKey: string): void => {
  if (header === undefined) {
    throw new Problem(
      "badRequest",
      "unkey/authentication/missing",
      "An Authorization header with a root key as Bearer token is required.",
    );
  }
  const [, token] = /^Bearer +(\S+)$/.exec(header) ?? [];
  if (token === undefined) {
    throw new Problem(
      "badRequest",
      "unkey/authentication/malformed",
      "The Authorization header is not a Bearer token.",
    );
  }
  if (token !== rootKey) {
    throw new Problem("unauthorized", "unkey/authentication/key_not_found", "The provided root key is invalid.");
  }
};

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // The rest is read and dropped, or the caller would see a reset connection instead of the answer.
    if (size <= largestBodyBytes) chunks.push(chunk);
  }
  if (size > largestBodyBytes) {
    throw new Problem("payloadTooLarge", "unkey/application/invalid_input", "The body is larger than 1 MB.");
  }
  return Buffer.concat(chunks).toString("utf8");
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("badRequest", "unkey/application/invalid_input", "The body is not JSON.", [
      { location: "body", message: "must be JSON" },
    ]);
  }
};

const unexpected = (error: unknown): Problem => {
  reportFault("The Unkey stand-in", error);
  return new Problem("internal", "unkey/application/unexpected_error", "The stand-in failed; its log says why.");
};
