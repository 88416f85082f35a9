import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Directives, parseDirectives } from "#infra/local/providers/directives.ts";
import type { JournalEntry } from "#infra/local/providers/journal.ts";
import type { JsonObject } from "#infra/local/providers/json.ts";

/** One request at a simulated provider of media, and what scripts it. */
export interface MediaExchange {
  readonly method: string;
  /** As the provider has it. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: JournalEntry;
  /** Parsed JSON of a POST; empty for a GET. */
  readonly body: JsonObject;
  readonly directives: Directives;
  /** `http://127.0.0.1:<port>`, for the URLs of files and of jobs. */
  readonly origin: string;
  readonly signal: AbortSignal;
}

/** How a provider words an error with an HTTP status. */
export type WordError = (status: number, code: string | undefined, message: string) => unknown;

export const sendJson = (
  { response, entry }: MediaExchange,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void => {
  entry.update({ status });
  response.writeHead(status, { ...headers, "content-type": "application/json" }).end(JSON.stringify(body));
};

/** Directives may stand in any text of a request: media has inputs that are nothing but URLs. */
export const mediaDirectives = (body: JsonObject): Directives => parseDirectives(JSON.stringify(body)).directives;

const htmlPage = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\r\n";

/** Does what is scripted in place of an answer, in the provider's words. True if that was all. */
export const failInstead = async (exchange: MediaExchange, word: WordError): Promise<boolean> => {
  const { directives, request, response, entry, signal } = exchange;
  const { status, code, message, retryAfterSeconds } = directives;
  if (directives.firstDelayMs !== undefined) await sleep(directives.firstDelayMs, undefined, { signal });
  if (directives.reset === true) {
    entry.update({ state: "fault" });
    request.socket.resetAndDestroy();
    return true;
  }
  if (directives.htmlBadGateway === true) {
    entry.update({ status: 502 });
    response.writeHead(502, { "content-type": "text/html" }).end(htmlPage);
    return true;
  }
  if (status === undefined) return false;
  const headers = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  sendJson(exchange, status, word(status, code, message ?? "The simulated provider refuses this."), headers);
  return true;
};

/** A URL of a file that the stand-in serves. */
export const fileUrl = ({ origin }: Pick<MediaExchange, "origin">, name: string): string =>
  `${origin}/media-files/${name}`;

/** The key of a request, whatever header it came in. */
const keyOf = ({ headers }: IncomingMessage): string => {
  const given = headers["x-goog-api-key"] ?? headers["x-api-key"] ?? headers["x-key"] ?? headers.authorization ?? "";
  return String(given).replace(/^(Bearer|Key)\s+/i, "");
};

const refusedKeys = /invalid|placeholder-refused|your[-_]/i;

/** Whether a key is missing, or one that nobody would have. */
export const keyProblem = (request: IncomingMessage): "missing" | "invalid" | undefined => {
  const key = keyOf(request);
  if (key === "") return "missing";
  return refusedKeys.test(key) ? "invalid" : undefined;
};
