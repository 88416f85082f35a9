import { GatewayError } from "#core/errors.ts";
import { type ChatRequest, maxTimeoutMs } from "#core/schemas/chat.ts";
import { isRecord, type JsonRecord } from "#core/values/is-record.ts";

/** The gateway's own fields as headers, for clients that cannot add fields to a body. */

type Headers = Readonly<Record<string, string | undefined>>;

const maxFallbacks = 8;
const maxNameLength = 200;
const maxRetries = 5;

const refused = (message: string, param: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });

const integerOf = (text: string, name: string, least: number, most: number): number => {
  const value = /^\d{1,6}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw refused(`${name} must be a whole number from ${least} to ${most}.`, name);
};

const namesOf = (text: string): string[] => {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length <= maxFallbacks && names.every((name) => name.length <= maxNameLength)) return names;
  throw refused(`X-Fallback must be a list of up to ${maxFallbacks} models, separated by commas.`, "X-Fallback");
};

const maxPreferencesLength = 2_000;

const preferencesOf = (text: string): JsonRecord => {
  let value: unknown;
  try {
    value = text.length > maxPreferencesLength ? undefined : JSON.parse(text);
  } catch {
    // Said below.
  }
  if (isRecord(value)) return value;
  const message = `X-Provider-Preferences must be a JSON object of up to ${maxPreferencesLength} characters.`;
  throw refused(message, "X-Provider-Preferences");
};

/** A request with the preferences of its header, which has the same object as the body's `provider`. */
const withPreferences = (request: ChatRequest, text: string | undefined): ChatRequest => {
  if (text === undefined) return request;
  const { provider = preferencesOf(text) } = request as { readonly provider?: unknown };
  return { ...request, provider } as ChatRequest;
};

/**
 * A request with what its headers say: `X-Fallback`, `X-Retries`, `X-Timeout-Ms` and `X-Provider-Preferences`. A field of the body counts more than
 * its header. @throws GatewayError BAD_REQUEST for a header that is not valid
 */
export const withHeaderFields = (asked: ChatRequest, headers: Headers): ChatRequest => {
  const request = withPreferences(asked, headers["x-provider-preferences"]);
  const { "x-fallback": fallback, "x-retries": retries, "x-timeout-ms": timeout } = headers;
  if (fallback === undefined && retries === undefined && timeout === undefined) return request;
  const named: Pick<ChatRequest, "fallback" | "retries" | "timeout"> = {
    ...(fallback === undefined ? {} : { fallback: namesOf(fallback) }),
    ...(retries === undefined ? {} : { retries: integerOf(retries, "X-Retries", 0, maxRetries) }),
    ...(timeout === undefined ? {} : { timeout: integerOf(timeout, "X-Timeout-Ms", 1, maxTimeoutMs) }),
  };
  return {
    ...request,
    fallback: request.fallback ?? named.fallback,
    retries: request.retries ?? named.retries,
    timeout: request.timeout ?? named.timeout,
  };
};
