import type { CreateEmbeddingResponse, EmbeddingCreateParams } from "openai/resources/embeddings";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import { GatewayError } from "#core/errors.ts";
import { askWithKey } from "#core/providers/ask-with-key.ts";
import { postJson, readBody } from "#core/providers/http-transport.ts";
import { failureFromResponse } from "#core/providers/openai/errors.ts";
import { toTokenUsage } from "#core/providers/openai/usage.ts";
import { newOutcome, type ProviderCredential, ProviderFailure, withOutcome } from "#core/providers/provider.ts";
import { isRecord } from "#core/values/records.ts";
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

/** 2,048 vectors of 3,072 numbers with all their digits. */
const maxAnswerBytes = 160 * 1024 * 1024;
const maxErrorBytes = 256 * 1024;

const malformed = (provider: ChatProviderId, what: string): ProviderFailure =>
  new ProviderFailure(provider, "malformed", `${provider}: ${what}`);

const parse = (provider: ChatProviderId, text: string): Record<string, unknown> => {
  try {
    const body: unknown = JSON.parse(text);
    if (isRecord(body)) return body;
  } catch {
    // Said below.
  }
  throw malformed(provider, "the answer is not a JSON object");
};

/** One call of POST <base>/embeddings. @throws ProviderFailure; GatewayError for a protocol without embeddings, before any call */
export const callEmbeddings = async (call: EmbeddingCall): Promise<EmbeddingAnswer> => {
  const { provider, credential, body, signal, timeoutMs } = call;
  if (credential.custom?.protocol === "anthropic") {
    throw new GatewayError(
      "BAD_REQUEST",
      "This custom provider speaks Anthropic's protocol, which has no embeddings.",
      {
        param: "model",
      },
    );
  }
  const { url, headers, agent } = askWithKey(credential, "/embeddings", "authorization");
  const response = await postJson({
    provider,
    url,
    agent,
    headers: { ...headers, accept: "application/json" },
    body: JSON.stringify(body),
    signal,
    timeouts: { headersMs: timeoutMs, idleMs: timeoutMs },
  });
  if (response.status !== 200) {
    const text = await readBody(provider, response, maxErrorBytes, signal);
    throw failureFromResponse(provider, response.status, response.headers, text);
  }
  const answer = parse(provider, await readBody(provider, response, maxAnswerBytes, signal));
  const usage = toTokenUsage(answer.usage);
  const vectors = readVectors(answer.data, vectorsAsked(body, call.form));
  // It may have to be paid all the same.
  if (typeof vectors === "string") throw withOutcome(malformed(provider, vectors), { ...newOutcome(), usage });
  return {
    response: {
      object: "list",
      // OpenAI's type knows numbers only, its API also base64.
      data: vectors as CreateEmbeddingResponse["data"],
      model: typeof answer.model === "string" ? answer.model : body.model,
      usage: { prompt_tokens: usage?.inputTokens ?? 0, total_tokens: usage?.inputTokens ?? 0 },
    },
    usage,
    simulated: response.headers["x-provider-simulated"] === "true",
  };
};
