import type { IncomingMessage } from "node:http";
import { callUpstream, malformed, openUpstream, type UpstreamReply } from "#core/providers/media/upstream.ts";
import type { KeyCredential } from "#core/providers/provider.ts";
import { minimaxFailure } from "./errors.ts";

/** MiniMax's native API: a Bearer key, JSON, and errors that come with HTTP 200. */

interface MinimaxCall {
  readonly credential: KeyCredential;
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

/** Makes a call and reads its JSON; an error inside it is thrown. @throws ProviderFailure */
export const callMinimax = async (call: MinimaxCall): Promise<UpstreamReply> => {
  const reply = await callUpstream(toCall(call));
  const failure = minimaxFailure(reply.json);
  if (failure !== undefined) throw failure;
  if (typeof reply.json !== "object" || reply.json === null) throw malformed("minimax", "the answer is not an object");
  return reply;
};

/** Makes a call whose body the caller reads. @throws ProviderFailure */
export const openMinimax = (call: MinimaxCall): Promise<IncomingMessage> => openUpstream(toCall(call));
