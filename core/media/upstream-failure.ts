import type { IncomingHttpHeaders } from "node:http";
import type { ProviderId } from "#core/catalog/provider-ids.ts";
import { retryAfterMs } from "#core/providers/openai/errors.ts";
import { type FailureKind, ProviderFailure } from "#core/providers/provider.ts";
import { safeMessage } from "#core/providers/safe-message.ts";

/** Reads the error bodies of FASHN, fal, BFL and Google, none of which is like another. */

interface Told {
  readonly message: string | undefined;
  /** The provider's own name of the error. */
  readonly code: string | undefined;
  readonly param: string | undefined;
}

const record = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** FastAPI's list of what is wrong, as fal and BFL send it. */
const fromDetails = (details: readonly unknown[]): Told => {
  const first = record(details[0]);
  const place = Array.isArray(first?.loc) ? first.loc.filter((part) => part !== "body").join(".") : undefined;
  return { message: text(first?.msg), code: text(first?.type), param: text(place) };
};

const read = (body: unknown): Told => {
  const root = record(Array.isArray(body) ? body[0] : body);
  if (root === undefined) return { message: undefined, code: undefined, param: undefined };
  const { detail, error, message } = root;
  if (Array.isArray(detail)) return fromDetails(detail);
  if (text(detail) !== undefined) return { message: text(detail), code: text(root.error_type), param: undefined };
  const inner = record(error);
  if (inner !== undefined) {
    return { message: text(inner.message), code: text(inner.status) ?? text(inner.name), param: undefined };
  }
  return { message: text(message) ?? text(error), code: text(error), param: undefined };
};

const kindOf = (status: number, { code, message }: Told): FailureKind => {
  if (code === "OutOfCredits" || status === 402) return "quota";
  if (status === 401 || status === 403) return "auth";
  // Google answers an unknown key with 400.
  if (status === 400 && /api key not valid/i.test(message ?? "")) return "auth";
  if (status === 408) return "timeout";
  if (status === 429) return "rate-limit";
  return status >= 500 || status === 409 ? "server" : "request";
};

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    // A proxy's page of HTML, or nothing: the status says enough.
    return undefined;
  }
};

/** A provider's answer with an error status as a failure that we can decide on. */
export const upstreamFailure = (
  provider: ProviderId,
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
): ProviderFailure => {
  const told = read(parse(body));
  return new ProviderFailure(provider, kindOf(status, told), `${provider} answered with status ${status}`, {
    status,
    providerMessage: told.message === undefined ? undefined : safeMessage(told.message),
    providerCode: told.code === undefined ? undefined : safeMessage(told.code),
    param: told.param === undefined ? undefined : safeMessage(told.param.slice(0, 200)),
    retryAfterMs: retryAfterMs(headers, Date.now()),
  });
};
