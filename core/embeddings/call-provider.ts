import type { CreateEmbeddingResponse, EmbeddingCreateParams } from "openai/resources/embeddings";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import { failureFromResponse } from "#core/providers/openai/errors.ts";
import { toTokenUsage } from "#core/providers/openai/usage.ts";
import { type ProviderCredential, ProviderFailure } from "#core/providers/provider.ts";

export interface EmbeddingCall {
  readonly provider: ChatProviderId;
  readonly credential: ProviderCredential;
  readonly body: EmbeddingCreateParams;
  /** The caller wants base64 from a provider that gave numbers. */
  readonly encode: boolean;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export interface EmbeddingAnswer {
  readonly response: Omit<CreateEmbeddingResponse, "usage"> & { readonly usage: CreateEmbeddingResponse["usage"] };
  /** Undefined where the provider did not tell. */
  readonly usage: TokenUsage | undefined;
  readonly simulated: boolean;
}

const toBase64 = (vector: unknown): unknown =>
  Array.isArray(vector) ? Buffer.from(Float32Array.from(vector as number[]).buffer).toString("base64") : vector;

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
    if (!Array.isArray(data.data)) throw malformed(provider, "the answer has no embeddings");
    const usage = toTokenUsage(data.usage);
    const embeddings = call.encode
      ? data.data.map((item) => ({ ...item, embedding: toBase64(item.embedding) as number[] }))
      : data.data;
    return {
      response: {
        object: "list",
        data: embeddings,
        model: data.model,
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
