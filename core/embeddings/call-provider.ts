import type { CreateEmbeddingResponse, EmbeddingCreateParams } from "openai/resources/embeddings";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import { failureFromResponse } from "#core/providers/openai/errors.ts";
import { toTokenUsage } from "#core/providers/openai/usage.ts";
import { newOutcome, type ProviderCredential, ProviderFailure, withOutcome } from "#core/providers/provider.ts";
import { readVectors, vectorsAsked } from "./read-vectors.ts";

export interface EmbeddingCall {
  readonly provider: ChatProviderId;
  readonly credential: ProviderCredential;
  readonly body: EmbeddingCreateParams;
  /** The form that the caller wants, whatever the provider is asked for. */
  readonly form: "float" | "base64";
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export interface EmbeddingAnswer {
  readonly response: Omit<CreateEmbeddingResponse, "usage"> & { readonly usage: CreateEmbeddingResponse["usage"] };
  /** Undefined where the provider did not tell. */
  readonly usage: TokenUsage | undefined;
  readonly simulated: boolean;
}

const malformed = (provider: ChatProviderId, what: string): ProviderFailure =>
  new ProviderFailure(provider, "malformed", `${provider}: ${what}`);

/**
 * One call of POST <base>/embeddings by OpenAI's SDK, which is loaded with the first one.
 * @throws ProviderFailure
 */
export const callEmbeddings = async (call: EmbeddingCall): Promise<EmbeddingAnswer> => {
  const { provider, credential, body, signal, timeoutMs } = call;
  const { APIConnectionTimeoutError, APIError, APIUserAbortError, default: OpenAI } = await import("openai");
  const client = new OpenAI({
    apiKey: credential.apiKey,
    baseURL: credential.baseUrl,
    maxRetries: 0,
    timeout: timeoutMs,
    // What an operator's environment holds for another program is not ours.
    organization: null,
    project: null,
    logLevel: "off",
  });
  try {
    const { data, response } = await client.embeddings.create(body, { signal }).withResponse();
    const usage = toTokenUsage(data.usage);
    const vectors = readVectors(data.data, vectorsAsked(body, call.form));
    // It may have to be paid all the same.
    if (typeof vectors === "string") throw withOutcome(malformed(provider, vectors), { ...newOutcome(), usage });
    return {
      response: {
        object: "list",
        // OpenAI's type knows numbers only, its API also base64.
        data: vectors as CreateEmbeddingResponse["data"],
        model: typeof data.model === "string" ? data.model : body.model,
        usage: { prompt_tokens: usage?.inputTokens ?? 0, total_tokens: usage?.inputTokens ?? 0 },
      },
      usage,
      simulated: response.headers.get("x-provider-simulated") === "true",
    };
  } catch (error) {
    if (error instanceof ProviderFailure) throw error;
    if (error instanceof APIUserAbortError) throw new ProviderFailure(provider, "aborted", "The call was aborted");
    if (error instanceof APIConnectionTimeoutError) {
      throw new ProviderFailure(provider, "timeout", `${provider} did not respond within ${timeoutMs} ms`);
    }
    if (error instanceof APIError && typeof error.status === "number") {
      const headers = Object.fromEntries(error.headers?.entries() ?? []);
      throw failureFromResponse(provider, error.status, headers, JSON.stringify({ error: error.error }));
    }
    if (error instanceof APIError) throw new ProviderFailure(provider, "network", `${provider}: the connection failed`);
    throw malformed(provider, "the answer does not follow the protocol");
  }
};
