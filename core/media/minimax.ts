import type { IncomingMessage } from "node:http";
import type { MediaCredential } from "./credential.ts";
import { minimaxFailure } from "./minimax-errors.ts";
import { callUpstream, malformed, openUpstream, type UpstreamReply } from "./upstream.ts";

/** MiniMax's native API: Bearer key, JSON, and errors that come with HTTP 200. */

interface MinimaxCall {
  readonly credential: MediaCredential;
  /** With its query: `/t2a_v2`. */
  readonly path: string;
  /** POST with a body, GET without. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
  readonly headersTimeoutMs?: number;
}

const toCall = ({ credential, path, body, signal, headersTimeoutMs }: MinimaxCall) =>
  ({
    provider: "minimax",
    url: `${credential.baseUrl}${path}`,
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${credential.apiKey}` },
    signal,
    ...(body === undefined ? {} : { body }),
    ...(headersTimeoutMs === undefined ? {} : { headersTimeoutMs }),
  }) as const;

/** One call whose whole JSON is read; an error inside it is thrown. @throws ProviderFailure */
export const callMinimax = async (call: MinimaxCall): Promise<UpstreamReply> => {
  const reply = await callUpstream(toCall(call));
  const failure = minimaxFailure(reply.json);
  if (failure !== undefined) throw failure;
  if (typeof reply.json !== "object" || reply.json === null) throw malformed("minimax", "the answer is not an object");
  return reply;
};

/** One call whose body is read by the caller. @throws ProviderFailure */
export const openMinimax = (call: MinimaxCall): Promise<IncomingMessage> => openUpstream(toCall(call));
