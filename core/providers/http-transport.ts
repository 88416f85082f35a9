import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { ProviderId } from "#core/catalog/provider-ids.ts";
import { OutboundError, readText, send, toOutboundError } from "#core/outbound/transport.ts";
import { ProviderFailure, type ProviderTimeouts } from "./provider.ts";

export interface ProviderResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

export interface ProviderPost {
  readonly provider: ProviderId;
  readonly url: string;
  /** Holds the provider's key: never logged, never part of an error. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly timeouts: ProviderTimeouts;
}

/** Turns a broken connection into the failure that routing decides on. */
export const toProviderFailure = (provider: ProviderId, error: unknown, signal?: AbortSignal): ProviderFailure => {
  if (error instanceof ProviderFailure) return error;
  const outbound = error instanceof OutboundError ? error : toOutboundError(error, signal);
  const failure = new ProviderFailure(provider, outbound.failure, outbound.message);
  failure.handedOver = outbound.sent;
  return failure;
};

/**
 * POSTs JSON to a provider and resolves once its response headers are here, whatever the status.
 * @throws ProviderFailure of kind network, timeout or aborted.
 */
export const postJson = async (post: ProviderPost): Promise<ProviderResponse> => {
  try {
    const body = await send({
      url: post.url,
      headers: { "content-type": "application/json", ...post.headers },
      body: post.body,
      signal: post.signal,
      headersTimeoutMs: post.timeouts.headersMs,
      idleTimeoutMs: post.timeouts.idleMs,
    });
    return { status: body.statusCode ?? 0, headers: body.headers, body };
  } catch (error) {
    throw toProviderFailure(post.provider, error, post.signal);
  }
};

/** Reads a provider's whole body. @throws ProviderFailure */
export const readBody = async (
  provider: ProviderId,
  response: ProviderResponse,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<string> => {
  try {
    return await readText(response.body, maxBytes, signal);
  } catch (error) {
    throw toProviderFailure(provider, error, signal);
  }
};
