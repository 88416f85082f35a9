import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import type { ReasoningCount } from "./usage.ts";

/** A chunk as a provider may send it. */
export type Chunk = Partial<ChatCompletionChunk> & { readonly usage?: unknown };

/** A whole answer as a provider may send it. */
export type Completion = Partial<ChatCompletion>;

/** The body to send, and the names of the fields that were dropped or clamped. */
export interface ShapedRequest {
  readonly body: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/**
 * Makes one answer of a provider OpenAI's, beyond what is done to the answers of all. Its choices and deltas have the right
 * kinds. It may hold what earlier chunks said, and every chunk is read for it.
 */
export interface AnswerRewriter {
  chunk(chunk: Chunk): Chunk;
  completion(completion: Completion): Completion;
}

/** What tells one OpenAI-shaped provider from another. */
export interface Dialect {
  readonly provider: ChatProviderId;
  readonly reasoning: ReasoningCount;
  /** Headers beside the key's. */
  readonly headers?: Readonly<Record<string, string>>;
  /** @throws GatewayError for what the caller must change, before any call. */
  toRequest(call: ProviderCall): ShapedRequest | Promise<ShapedRequest>;
  /** Absent where the provider's bytes are OpenAI's: they pass on as they came. */
  newAnswer?(call: ProviderCall): AnswerRewriter;
}
