import type { CreateEmbeddingResponse, EmbeddingCreateParams } from "openai/resources/embeddings";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import { postJson, readBody } from "#core/providers/http-transport.ts";
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

/** 2,048 vectors of 3,072 numbers with all their digits. */
const maxAnswerBytes = 160 * 1024 * 1024;
const maxErrorBytes = 256 * 1024;

const toBase64 = (vector: unknown): unknown =>
  Array.isArray(vector) ? Buffer.from(Float32Array.from(vector as number[]).buffer).toString("base64") : vector;

const malformed = (provider: ChatProviderId, what: string): ProviderFailure =>
  new ProviderFailure(provider, "malformed", `${provider}: ${what}`);

const parse = (provider: ChatProviderId, text: string): CreateEmbeddingResponse => {
  let body: Partial<CreateEmbeddingResponse> | null;
  try {
    body = JSON.parse(text) as Partial<CreateEmbeddingResponse> | null;
  } catch {
    throw malformed(provider, "the answer is not JSON");
  }
  if (!Array.isArray(body?.data)) throw malformed(provider, "the answer has no embeddings");
  return body as CreateEmbeddingResponse;
};

/** One call of POST <base>/embeddings. @throws ProviderFailure */
export const callEmbeddings = async (call: EmbeddingCall): Promise<EmbeddingAnswer> => {
  const { provider, credential, signal, timeoutMs } = call;
  const response = await postJson({
    provider,
    url: `${credential.baseUrl}/embeddings`,
    headers: { authorization: `Bearer ${credential.apiKey}`, accept: "application/json" },
    body: JSON.stringify(call.body),
    signal,
    timeouts: { headersMs: timeoutMs, idleMs: timeoutMs },
  });
  if (response.status !== 200) {
    const text = await readBody(provider, response, maxErrorBytes, signal);
    throw failureFromResponse(provider, response.status, response.headers, text);
  }
  const body = parse(provider, await readBody(provider, response, maxAnswerBytes, signal));
  const usage = toTokenUsage(body.usage);
  const { data, model } = body;
  return {
    response: {
      object: "list",
      data: call.encode ? data.map((item) => ({ ...item, embedding: toBase64(item.embedding) as number[] })) : data,
      model,
      usage: { prompt_tokens: usage?.inputTokens ?? 0, total_tokens: usage?.inputTokens ?? 0 },
    },
    usage,
    simulated: response.headers["x-provider-simulated"] === "true",
  };
};
