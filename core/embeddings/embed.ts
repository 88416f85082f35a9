import { isOwnKeyOnly } from "#core/catalog/provider-ids.ts";
import { type ResolvedEmbedding, resolveEmbeddingModel } from "#core/catalog/resolve-embedding.ts";
import { noTokens, type TokenUsage } from "#core/catalog/token-usage.ts";
import type { GivenContent } from "#core/content/content.ts";
import type { RequestContext } from "#core/context.ts";
import type { Caller } from "#core/generation/caller.ts";
import { type MeteredRequest, meteredRequest, openRequest, settleRequest } from "#core/generation/metered-request.ts";
import { type CallSize, callReserve, noReserve } from "#core/generation/reservation.ts";
import { warningNames } from "#core/providers/warnings.ts";
import type { EmbeddingRequest } from "#core/schemas/embeddings.ts";
import { callBedrockEmbeddings } from "./call-bedrock.ts";
import { callEmbeddings, type EmbeddingAnswer } from "./call-provider.ts";
import { checkEmbeddingRequest, embeddingSize, type ShapedEmbedding, toEmbeddingBody } from "./to-request.ts";

/** One embeddings request, from its model to its settled usage. */

export interface EmbeddingResult {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: EmbeddingAnswer["response"];
}

const timeoutMs = 60_000;
const retries = 2;

interface EmbeddingPlan {
  readonly caller: Caller;
  readonly request: EmbeddingRequest;
  readonly model: ResolvedEmbedding;
  readonly shaped: ShapedEmbedding;
  readonly size: CallSize<ResolvedEmbedding>;
  readonly metered: MeteredRequest;
}

const callProvider = async (plan: EmbeddingPlan): Promise<EmbeddingAnswer> => {
  const { caller, request, model, shaped, size, metered } = plan;
  const { provider } = model;
  const { targets } = await openRequest(metered, caller, [{ model }]);
  metered.generation.serveWith(targets[0]);
  const { reply } = await metered.generation.attempt({
    targets,
    retries,
    money: { size, purse: metered.admission },
    call: ({ credential, signal, remainingMs }) =>
      model.standsFor !== undefined
        ? callBedrockEmbeddings({
            model: model.providerModel,
            shapedAs: model.standsFor,
            request,
            credential,
            signal,
            timeoutMs: remainingMs,
          })
        : callEmbeddings({
            provider,
            credential,
            body: shaped.body,
            form: request.encoding_format ?? "float",
            signal,
            timeoutMs: remainingMs,
          }),
  });
  return reply;
};

const usageOf = (answer: EmbeddingAnswer | undefined, inputTokens: number): TokenUsage =>
  answer === undefined ? noTokens : (answer.usage ?? { ...noTokens, inputTokens, estimated: true });

/** What a key that records content keeps: texts, and of tokens how many. The answer is numbers. */
const promptOf = ({ input }: EmbeddingRequest): GivenContent["prompt"] => {
  const inputs: readonly unknown[] = typeof input === "string" ? [input] : input;
  const texts = inputs.filter((each) => typeof each === "string");
  const tokens = inputs.filter((each) => typeof each !== "string").flat().length;
  return { texts, ...(tokens === 0 ? {} : { others: [{ type: "omitted", modality: "tokens", tokens }] }) };
};

/** POST /api/v1/embeddings. @throws GatewayError */
export const embed = async (
  call: RequestContext,
  request: EmbeddingRequest,
  caller: Caller,
): Promise<EmbeddingResult> => {
  const model = resolveEmbeddingModel(request.model);
  checkEmbeddingRequest(request, model);
  const shaped = toEmbeddingBody(request, model);
  const size = await embeddingSize(request, model);
  const inputTokens = size.inputTokens(model);
  const metered = meteredRequest({
    call,
    caller,
    operation: "embeddings",
    asked: model,
    streamed: false,
    // What only callers' own keys serve is never paid with the platform's money, and its price is known with its key.
    ...(isOwnKeyOnly(model) ? { reserve: noReserve, byok: true } : { reserve: callReserve(model, size) }),
    tokens: () => inputTokens,
    timeoutMs,
  });
  if (caller.principal.limits?.contentDays !== undefined) {
    metered.generation.record(async (wasSent) => {
      const { keepContent } = await import("#core/generation/keep-content.ts");
      await keepContent({ call, caller }, { prompt: promptOf(request) }, wasSent);
    });
  }
  let answer: EmbeddingAnswer | undefined;
  // Runs after the answer has ended, however it ended, and is awaited before the function returns.
  call.deferred.push(async () => {
    const outcome = { responseModel: answer?.response.model, finishReason: undefined };
    await settleRequest(metered, { whole: answer !== undefined, usage: usageOf(answer, inputTokens), outcome });
  });
  try {
    answer = await callProvider({ caller, request, model, shaped, size, metered });
  } catch (error) {
    throw metered.generation.fail(error);
  }
  const { simulated } = answer;
  const headers = metered.generation.headers({ simulated, warnings: warningNames(shaped.warnings) });
  return { headers, body: answer.response };
};
