import type { Agent as HttpAgent, IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { ProviderId } from "#core/catalog/provider-ids.ts";
import { postWhole } from "#core/outbound/post-whole.ts";
import { OutboundError, readBytes, send, toOutboundError } from "#core/outbound/transport.ts";
import { ProviderFailure, type ProviderTimeouts } from "./provider.ts";

export interface ProviderResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/** A response whose body is here. */
export interface WholeResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

export interface ProviderPost {
  readonly provider: ProviderId;
  readonly url: string;
  /** Holds the provider's key: never logged, never part of an error. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly timeouts: ProviderTimeouts;
  /** Of connections to a custom provider. */
  readonly agent?: HttpAgent | undefined;
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
      agent: post.agent,
    });
    return { status: body.statusCode ?? 0, headers: body.headers, body };
  } catch (error) {
    throw toProviderFailure(post.provider, error, post.signal);
  }
};

/**
 * POSTs JSON to a provider and resolves once its whole answer is here, whatever the status. A custom provider's connections are
 * guarded, so its body is still to be read. @throws ProviderFailure of kind network, timeout or aborted.
 */
export const postForWhole = async (post: ProviderPost, maxBytes: number): Promise<ProviderResponse | WholeResponse> => {
  if (post.agent !== undefined) return postJson(post);
  try {
    return await postWhole({
      url: post.url,
      headers: { "content-type": "application/json", ...post.headers },
      body: post.body,
      signal: post.signal,
      headersTimeoutMs: post.timeouts.headersMs,
      idleTimeoutMs: post.timeouts.idleMs,
      maxBytes,
    });
  } catch (error) {
    throw toProviderFailure(post.provider, error, post.signal);
  }
};

/** First bytes of gzip, zstd and zlib. No JSON and no event stream begins so. */
const packedMarks: ReadonlySet<number | undefined> = new Set([0x1f, 0x28, 0x78]);

/** Whether a body may be compressed: its header says so, or its first byte. Nobody asks for it, and some do it all the same. */
export const mayBePacked = ({ headers }: Pick<ProviderResponse, "headers">, bytes: Buffer): boolean =>
  headers["content-encoding"] !== undefined || packedMarks.has(bytes[0]);

const bytesOf = async (response: ProviderResponse | WholeResponse, maxBytes: number, signal?: AbortSignal) => {
  if ("body" in response) return readBytes(response.body, maxBytes, signal);
  if (response.bytes.length <= maxBytes) return response.bytes;
  throw new OutboundError("network", `The body is longer than ${maxBytes} bytes`);
};

/** Reads a provider's whole body, unpacked where it is compressed. @throws ProviderFailure */
export const readBody = async (
  provider: ProviderId,
  response: ProviderResponse | WholeResponse,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<string> => {
  try {
    const bytes = await bytesOf(response, maxBytes, signal);
    if (!mayBePacked(response, bytes)) return bytes.toString("utf8");
    const { codingOf, unpack } = await import("#core/outbound/unpack.ts");
    const coding = codingOf(bytes, response.headers["content-encoding"]);
    return (coding === undefined ? bytes : unpack(bytes, coding, maxBytes)).toString("utf8");
  } catch (error) {
    throw toProviderFailure(provider, error, signal);
  }
};
