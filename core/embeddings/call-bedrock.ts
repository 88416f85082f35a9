import { baseId } from "#core/catalog/bedrock-id.ts";
import { noTokens, type TokenUsage } from "#core/catalog/token-usage.ts";
import { askBedrock } from "#core/providers/bedrock/ask.ts";
import { malformed } from "#core/providers/bedrock/errors.ts";
import { readBody } from "#core/providers/http-transport.ts";
import {
  mayBeBilled,
  newOutcome,
  type ProviderCredential,
  ProviderFailure,
  withOutcome,
} from "#core/providers/provider.ts";
import type { EmbeddingRequest } from "#core/schemas/embeddings.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import type { EmbeddingAnswer } from "./call-provider.ts";
import { readVectors, vectorsAsked } from "./read-vectors.ts";
import { embeddingTokens } from "./to-request.ts";

/** Embeddings over Bedrock's InvokeModel, in the forms of Titan and Cohere. */

export interface BedrockEmbeddingCall {
  /** As Bedrock is asked for it: an id, or an ARN. */
  readonly model: string;
  /** The model or profile that it stands for, which says how it is asked. */
  readonly shapedAs: string;
  readonly request: EmbeddingRequest;
  readonly credential: ProviderCredential;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

interface Shape {
  /** Texts of one call. */
  readonly batch: number;
  readonly body: (texts: readonly string[], request: EmbeddingRequest) => JsonRecord;
  /** The vectors of an answer, in the order of its texts. */
  readonly vectors: (answer: JsonRecord) => unknown;
  /** Fields of the request that it takes. */
  readonly fields: readonly string[];
}

const fieldsOf = (request: EmbeddingRequest, names: readonly string[]): JsonRecord =>
  Object.fromEntries(names.flatMap((name) => (request[name] == null ? [] : [[name, request[name]]])));

const titan: Shape = {
  batch: 1,
  fields: ["dimensions", "normalize"],
  body: ([text], request) => ({ inputText: text, ...fieldsOf(request, ["dimensions", "normalize"]) }),
  vectors: ({ embedding }) => [embedding],
};

const cohere: Shape = {
  batch: 96,
  fields: ["dimensions", "input_type", "truncate"],
  body: (texts, request) => ({
    texts,
    // OpenAI's API does not say what a text is for. What is stored is more than what is asked.
    input_type: "search_document",
    ...fieldsOf(request, ["input_type", "truncate"]),
    ...(request.dimensions == null ? {} : { output_dimension: request.dimensions }),
  }),
  vectors: ({ embeddings }) => (isRecord(embeddings) ? embeddings.float : embeddings),
};

/** How an embedding model of Bedrock is asked; undefined for a model of any other form. */
export const embeddingShape = (id: string): Shape | undefined => {
  const base = baseId(id);
  if (base.startsWith("amazon.titan-embed-text-")) return titan;
  return base.startsWith("cohere.embed-") ? cohere : undefined;
};

/** Calls at once. A model with one text a call is asked often, and its quota is shared by all. */
const parallel = 8;
const maxAnswerBytes = 32 * 1024 * 1024;

const textsOf = ({ input }: EmbeddingRequest): readonly string[] =>
  (typeof input === "string" ? [input] : (input as readonly string[])).map((text) => text.toWellFormed());

const parse = (text: string): JsonRecord => {
  try {
    const answer: unknown = JSON.parse(text);
    if (isRecord(answer)) return answer;
  } catch {
    // Said below.
  }
  throw malformed("the answer is not a JSON object");
};

interface Batch {
  readonly vectors: readonly unknown[];
  /** Undefined where Bedrock did not say. */
  readonly tokens: number | undefined;
  readonly simulated: boolean;
}

const askBatch = async (call: BedrockEmbeddingCall, shape: Shape, texts: readonly string[]): Promise<Batch> => {
  const { model, credential, signal, timeoutMs, request } = call;
  const timeouts = { headersMs: timeoutMs, idleMs: timeoutMs };
  const body = shape.body(texts, request);
  const response = await askBedrock({ model, credential, signal, timeouts }, "invoke", body);
  const count = Number(response.headers["x-amzn-bedrock-input-token-count"] ?? Number.NaN);
  const tokens = Number.isSafeInteger(count) && count >= 0 ? count : undefined;
  const spent = { ...newOutcome(), ...(tokens === undefined ? {} : { usage: usageOf(tokens) }) };
  try {
    const vectors = shape.vectors(parse(await readBody("bedrock", response, maxAnswerBytes, signal)));
    if (!Array.isArray(vectors) || vectors.length !== texts.length) {
      throw malformed("the answer has another number of embeddings than was asked for");
    }
    return { vectors, tokens, simulated: response.headers["x-provider-simulated"] === "true" };
  } catch (error) {
    throw tokens === undefined ? error : withOutcome(error, spent);
  }
};

const usageOf = (inputTokens: number, estimated = false): TokenUsage => ({ ...noTokens, inputTokens, estimated });

const estimateOf = (texts: readonly string[]): number => embeddingTokens({ model: "", input: [...texts] }, "bedrock");

/** What a failed call may have to be paid for; 0 where Bedrock refused it. */
const tokensOfFailure = (failure: unknown, texts: readonly string[]): number => {
  if (!(failure instanceof ProviderFailure) || !mayBeBilled(failure)) return 0;
  return failure.outcome?.usage?.inputTokens ?? estimateOf(texts);
};

/**
 * Asks for every batch, some at once. After a failure no other call begins, and those that have are awaited: they are paid.
 * @throws ProviderFailure with what the calls of the request have used
 */
const askAll = async (call: BedrockEmbeddingCall, shape: Shape): Promise<readonly Batch[]> => {
  const texts = textsOf(call.request);
  const parts = Array.from({ length: Math.ceil(texts.length / shape.batch) }, (_, index) =>
    texts.slice(index * shape.batch, (index + 1) * shape.batch),
  );
  const batches: Batch[] = [];
  let next = 0;
  let failed: { readonly failure: unknown } | undefined;
  let paid = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < parts.length && failed === undefined; at = next++) {
      const part = parts[at] ?? [];
      try {
        const batch = await askBatch(call, shape, part);
        batches[at] = batch;
        paid += batch.tokens ?? estimateOf(part);
      } catch (failure) {
        failed ??= { failure };
        paid += tokensOfFailure(failure, part);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, parts.length) }, work));
  if (failed === undefined) return batches;
  const { failure } = failed;
  if (failure instanceof ProviderFailure && paid > 0) {
    failure.outcome = { ...newOutcome(), usage: usageOf(paid, true) };
  }
  throw failure;
};

/** One request of embeddings. @throws ProviderFailure */
export const callBedrockEmbeddings = async (call: BedrockEmbeddingCall): Promise<EmbeddingAnswer> => {
  const { model, shapedAs, request } = call;
  const shape = embeddingShape(shapedAs);
  if (shape === undefined) throw new Error("A model without a form");
  const batches = await askAll(call, shape);
  const counts = batches.map(({ tokens }) => tokens);
  const total = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  const usage = counts.includes(undefined) ? undefined : usageOf(total);
  const { input, dimensions, encoding_format: form } = request;
  const data = batches.flatMap(({ vectors }) => vectors).map((embedding) => ({ embedding }));
  const asked = vectorsAsked(
    { input: input as string[], ...(dimensions == null ? {} : { dimensions }) },
    form ?? "float",
  );
  const vectors = readVectors(data, asked);
  if (typeof vectors === "string") throw withOutcome(malformed(vectors), { ...newOutcome(), usage });
  return {
    response: {
      object: "list",
      // OpenAI's type knows numbers only, its API also base64.
      data: vectors as EmbeddingAnswer["response"]["data"],
      model,
      usage: { prompt_tokens: total, total_tokens: total },
    },
    usage,
    simulated: batches.some(({ simulated }) => simulated),
  };
};
