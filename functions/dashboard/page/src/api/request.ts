import { root } from "../root.ts";
import { signedOut } from "../session.ts";
import { callerOf } from "./caller.ts";

/** The one way to the gateway's platform endpoints: same origin, cookies, JSON in the `{success, data}` envelope. */

/** What the gateway, or the way to it, answered instead of data. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;
  readonly issues: readonly string[];
  /** When it is worth trying again; undefined where the answer does not say. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, facts: Partial<Omit<ApiError, keyof Error>> = {}) {
    super(message);
    this.status = facts.status ?? 0;
    this.code = facts.code ?? "NETWORK";
    this.requestId = facts.requestId;
    this.issues = facts.issues ?? [];
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : Object.freeze({});

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** `details.issues` as lines: a path and what is wrong with it. */
const issuesOf = (details: Fields): readonly string[] => {
  if (!Array.isArray(details.issues)) return [];
  return details.issues.map((issue: unknown) => {
    const { path, message } = fieldsOf(issue);
    const where = Array.isArray(path) ? path.join(".") : textOf(path);
    return [where, textOf(message)].filter((part) => part !== undefined && part !== "").join(": ");
  });
};

/** An error body of ours, or whatever else stood in its place. */
export const toApiError = (response: Response, text: string): ApiError => {
  const about = {
    status: response.status,
    requestId: response.headers.get("x-request-id") ?? undefined,
    retryAfterSeconds: Number.parseInt(response.headers.get("retry-after") ?? "", 10) || undefined,
  };
  try {
    const error = fieldsOf(fieldsOf(JSON.parse(text)).error);
    return new ApiError(textOf(error.message) ?? `The server answered with status ${response.status}.`, {
      ...about,
      code: textOf(error.code) ?? "UNKNOWN",
      issues: issuesOf(fieldsOf(error.details)),
    });
  } catch {
    return new ApiError(`The server answered with status ${response.status}, and not in JSON.`, {
      ...about,
      code: "UNKNOWN",
    });
  }
};

/** A stream of events that a POST opens. @throws ApiError for a refusal */
export const openStream = async (
  path: string,
  apiKey: string,
  body: unknown,
  signal: AbortSignal,
): Promise<Response & { readonly body: ReadableStream<Uint8Array> }> => {
  const { credentials, headers } = callerOf(apiKey);
  const response = await fetch(`${root}api/${path}`, {
    method: "POST",
    credentials,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal,
  });
  if (response.ok && response.body !== null)
    return response as Response & { readonly body: ReadableStream<Uint8Array> };
  if (response.status === 401 && apiKey === "") signedOut();
  throw toApiError(response, await response.text());
};

export const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

const timeoutMs = 30_000;

const noAnswer = (thrown: unknown): ApiError =>
  thrown instanceof DOMException && thrown.name === "TimeoutError"
    ? new ApiError(`The server did not answer within ${timeoutMs / 1_000} seconds.`)
    : new ApiError("The server cannot be reached. Check your connection and try again.");

export interface ApiCall {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** As in `callerOf`. Without one the session's cookie counts. */
  readonly apiKey?: string;
}

/** Whatever `api/<path>` answers. Throws an `ApiError` where nothing does, or the signal's own reason when that fired. */
export const exchange = async (path: string, call: ApiCall = {}): Promise<{ response: Response; text: string }> => {
  const { method = "GET", body, signal, apiKey } = call;
  const { credentials, headers } = callerOf(apiKey);
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(`${root}api/${path}`, {
      method,
      credentials,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    return { response, text: await response.text() };
  } catch (thrown) {
    if (signal?.aborted === true) throw signal.reason;
    throw noAnswer(thrown);
  }
};

/** The same where it succeeds. Throws an `ApiError` for a refusal, too. */
export const requestText = async (path: string, call: ApiCall = {}): Promise<{ status: number; text: string }> => {
  const { response, text } = await exchange(path, call);
  if (!response.ok) {
    const error = toApiError(response, text);
    // A wrong password is a 401 too, and a refused API key says nothing of the session.
    if (response.status === 401 && (call.apiKey ?? "") === "" && !path.startsWith("auth/")) signedOut();
    throw error;
  }
  return { status: response.status, text };
};

/** The same, parsed. */
export const request = async (path: string, call: ApiCall = {}): Promise<{ status: number; json: Fields }> => {
  const { status, text } = await requestText(path, call);
  return { status, json: text === "" ? {} : fieldsOf(JSON.parse(text)) };
};

/** The `data` of a platform endpoint. The shape is the contract's (docs: OpenAPI document). */
export const data = async <Data>(path: string, call: ApiCall = {}): Promise<Data> =>
  (await request(path, call)).json.data as Data;
