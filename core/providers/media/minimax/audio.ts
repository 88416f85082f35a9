import type { MediaCalls } from "#core/providers/media/media-calls.ts";
import { malformed } from "#core/providers/media/upstream.ts";
import type { KeyCredential } from "#core/providers/provider.ts";
import type { AudioRequest } from "./audio-request.ts";
import { type AudioFacts, AudioSource, audioFacts } from "./audio-source.ts";
import { callMinimax, openMinimax } from "./client.ts";

/** The two calls that make audio. A long text takes minutes, so the headers may take as long as the request. */

interface AudioCallOptions {
  readonly credential: KeyCredential;
  /** From the call to the response headers, ms. */
  readonly headersTimeoutMs: number;
}

/** Opens audio that is read while it arrives. @throws ProviderFailure */
export const openAudio = async (
  { path, body }: AudioRequest,
  options: AudioCallOptions,
  signal: AbortSignal,
): Promise<AudioSource> => new AudioSource(await openMinimax({ ...options, path, body, signal }), signal);

export interface StoredAudio {
  readonly url: string;
  readonly facts: AudioFacts;
  readonly simulated: boolean;
}

/** Makes audio that MiniMax stores under a URL. @throws ProviderFailure, GatewayError */
export const storeAudio = async (
  { path, body }: AudioRequest,
  options: AudioCallOptions,
  calls: MediaCalls,
): Promise<StoredAudio> => {
  const { signal } = calls;
  const { json, simulated } = await calls.attempt(() => callMinimax({ ...options, path, body, signal }));
  const facts = audioFacts(json);
  if (facts.url === null) throw malformed("minimax", "the answer has no URL");
  return { url: facts.url, facts, simulated };
};
