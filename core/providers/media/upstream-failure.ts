import type { IncomingHttpHeaders } from "node:http";
import type { ProviderId } from "#core/catalog/provider-ids.ts";
import { retryAfterMs } from "#core/providers/openai/errors.ts";
import { type FailureKind, ProviderFailure } from "#core/providers/provider.ts";
import { safeMessage } from "#core/providers/safe-message.ts";
import { isRecord } from "#core/values/records.ts";

/** Reads the error bodies of FASHN, fal, BFL and Google, which all differ. */

interface ErrorFacts {
  readonly message: string | undefined;
  /** The provider's own name of the error. */
  readonly code: string | undefined;
  readonly param: string | undefined;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** FastAPI's list of validation errors, as fal and BFL send it. */
const fromDetails = ([first]: readonly unknown[]): ErrorFacts => {
  if (!isRecord(first)) return { message: undefined, code: undefined, param: undefined };
  const path = Array.isArray(first.loc) ? first.loc.filter((part) => part !== "body").join(".") : undefined;
  return { message: text(first.msg), code: text(first.type), param: text(path) };
};

const read = (body: unknown): ErrorFacts => {
  const root: unknown = Array.isArray(body) ? body[0] : body;
  if (!isRecord(root)) return { message: undefined, code: undefined, param: undefined };
  const { detail, error, message } = root;
  if (Array.isArray(detail)) return fromDetails(detail);
  if (text(detail) !== undefined) return { message: text(detail), code: text(root.error_type), param: undefined };
  if (isRecord(error)) {
    return { message: text(error.message), code: text(error.status) ?? text(error.name), param: undefined };
  }
  return { message: text(message) ?? text(error), code: text(error), param: undefined };
};

const kindOf = (status: number, { code, message }: ErrorFacts): FailureKind => {
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
    // A proxy's HTML page, or an empty body: the status says enough.
    return undefined;
  }
};

/** The failure behind an error status. */
export const upstreamFailure = (
  provider: ProviderId,
  status: number,
  headers: IncomingHttpHeaders,
  body: string,
): ProviderFailure => {
  const facts = read(parse(body));
  return new ProviderFailure(provider, kindOf(status, facts), `${provider} answered with status ${status}`, {
    status,
    providerMessage: facts.message === undefined ? undefined : safeMessage(facts.message),
    providerCode: facts.code === undefined ? undefined : safeMessage(facts.code),
    param: facts.param === undefined ? undefined : safeMessage(facts.param.slice(0, 200)),
    retryAfterMs: retryAfterMs(headers, Date.now()),
  });
};
