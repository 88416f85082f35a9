import type { ResolvedModel } from "#core/catalog/resolve.ts";
import { type CallSize, isLittleMore } from "#core/generation/reservation.ts";
import { tokenBound } from "#core/generation/token-bound.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { type InputBound, inputBound } from "./input-bound.ts";

/** A chat request as far as its cost depends on it. */
export interface ChatSize extends CallSize<ResolvedModel> {
  readonly bound: InputBound;
  /** A file that only a provider can see: nobody knows what it comes to. */
  readonly unseenFile: string | undefined;
}

/** The output limit of each answer that the caller sets. Where both are given, the newer field wins. */
export const askedOutputTokens = (
  request: Pick<ChatRequest, "max_tokens" | "max_completion_tokens">,
): number | undefined => request.max_completion_tokens ?? request.max_tokens ?? undefined;

/** More than a model's context is refused by its provider. */
const within =
  (tokens: (model: ResolvedModel) => number) =>
  (model: ResolvedModel): number =>
    Math.min(tokens(model), model.catalog?.contextTokens ?? Number.POSITIVE_INFINITY);

/** What of a size its input decides. */
const inputSize = (bound: InputBound) => {
  const { tokens, audioTokens, predictionTokens, longCacheWrite, unseenFile } = bound;
  return {
    bound,
    inputTokens: within(tokens),
    ...(audioTokens === 0 ? {} : { audioTokens: within(() => audioTokens) }),
    longCacheWrite,
    predictionTokens,
    unseenFile,
  };
};

/** How large the calls of a request may get. `native`: its body in the dialect in which it came, which may leave as it is. */
export const chatSize = (request: ChatRequest, native?: JsonRecord): ChatSize => ({
  ...inputSize(inputBound(request, native)),
  answers: request.n ?? 1,
  outputTokens: askedOutputTokens(request),
});

/**
 * The size that money is reserved for, whatever the text was made for: a token for each byte where that costs little more, else
 * no fewer tokens than a tokenizer counts. Few requests are so long: the others do not load it.
 */
export const reservedSize = async (size: ChatSize, models: readonly ResolvedModel[]): Promise<ChatSize> => {
  const { bound } = size;
  const { inputTokens: reservedTokens, predictionTokens } = inputSize(
    bound.with(({ text, moreBytes }) => text + moreBytes),
  );
  const most = { ...size, reservedTokens, predictionTokens };
  if (isLittleMore(models, size, most)) return most;
  const { tokenFactor } = await import("#core/generation/token-factor.ts");
  return { ...size, ...inputSize(bound.with(({ text, texts }) => text * tokenFactor(texts, tokenBound))) };
};
