import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type * as z from "zod";
import type { ProviderId } from "#core/catalog/provider-ids.ts";
import { send } from "#core/outbound/transport.ts";
import { readBody, toProviderFailure } from "#core/providers/http-transport.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { upstreamFailure } from "./upstream-failure.ts";

/** Calls to media providers: JSON in, JSON or a stream out, every failure a `ProviderFailure`. */

export interface UpstreamCall {
  readonly provider: ProviderId;
  readonly url: string;
  readonly method?: "GET" | "POST";
  /** Holds the provider's key: never logged, never part of an error. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** A body that is not JSON, with its content type. */
  readonly rawBody?: { readonly contentType: string; readonly bytes: Buffer };
  readonly signal: AbortSignal;
  /** From the call to the response headers, ms. */
  readonly headersTimeoutMs?: number;
}

export interface UpstreamReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly json: unknown;
  /** The upstream marks itself as a stand-in. */
  readonly simulated: boolean;
}

const defaultHeadersTimeoutMs = 60_000;
const idleTimeoutMs = 120_000;
const maxErrorBytes = 256 * 1024;
/** Up to nine images in base64. */
const maxReplyBytes = 64 * 1024 * 1024;

export const isSimulated = (headers: IncomingHttpHeaders): boolean => headers["x-provider-simulated"] === "true";

/** Opens a call and resolves once its headers are here. @throws ProviderFailure, also for an error status, with the provider's message */
export const openUpstream = async (call: UpstreamCall): Promise<IncomingMessage> => {
  const { provider, signal } = call;
  const body = call.rawBody?.bytes ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
  const contentType = call.rawBody?.contentType ?? "application/json";
  let response: IncomingMessage;
  try {
    response = await send({
      url: call.url,
      method: call.method ?? "POST",
      headers: { ...(body === undefined ? {} : { "content-type": contentType }), ...call.headers },
      ...(body === undefined ? {} : { body }),
      signal,
      headersTimeoutMs: call.headersTimeoutMs ?? defaultHeadersTimeoutMs,
      idleTimeoutMs,
      // A question may be sent again on another connection; work that may have started before a reset may not.
      onlyOnce: body !== undefined,
    });
  } catch (error) {
    throw toProviderFailure(provider, error, signal);
  }
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  const text = await readBody(provider, { status, headers: response.headers, body: response }, maxErrorBytes, signal);
  throw upstreamFailure(provider, status, response.headers, text);
};

/** Makes a call and reads its JSON. @throws ProviderFailure */
export const callUpstream = async (call: UpstreamCall): Promise<UpstreamReply> => {
  const response = await openUpstream(call);
  const { headers, statusCode: status = 0 } = response;
  const text = await readBody(call.provider, { status, headers, body: response }, maxReplyBytes, call.signal);
  try {
    return { status, headers, json: JSON.parse(text), simulated: isSimulated(headers) };
  } catch {
    throw malformed(call.provider, "the answer is not JSON");
  }
};

export const malformed = (provider: ProviderId, problem: string): ProviderFailure =>
  new ProviderFailure(provider, "malformed", `${provider}: ${problem}`);

/** Parses a reply with its schema. @throws ProviderFailure of kind malformed */
export const readReply = <Schema extends z.ZodType>(
  schema: Schema,
  provider: ProviderId,
  json: unknown,
): z.infer<Schema> => {
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw malformed(provider, "the answer does not follow the protocol");
  return parsed.data;
};

/** Whether a URL from a provider's response may be sent the key: same origin as the base URL, or https under the vendor's domain. */
export const isVendorUrl = (url: string, baseUrl: string, domain: string): boolean => {
  const parsed = URL.parse(url);
  if (parsed === null) return false;
  if (parsed.origin === new URL(baseUrl).origin) return true;
  return parsed.protocol === "https:" && (parsed.hostname === domain || parsed.hostname.endsWith(`.${domain}`));
};
