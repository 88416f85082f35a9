import type { ResolvedModel } from "#core/catalog/resolve.ts";
import type { CallSize } from "#core/generation/reservation.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { inputBound } from "./input-bound.ts";

/** A chat request as far as its cost depends on it. */
export interface ChatSize extends CallSize<ResolvedModel> {
  /** A file that only a provider can see: nobody knows what it comes to. */
  readonly unseenFile: string | undefined;
}

/** The output limit of each answer that the caller sets. Where both are given, the newer field wins. */
export const askedOutputTokens = (
  request: Pick<ChatRequest, "max_tokens" | "max_completion_tokens">,
): number | undefined => request.max_completion_tokens ?? request.max_tokens ?? undefined;

/** How large the calls of a request may get. `native`: its body in the dialect in which it came, which may leave as it is. */
export const chatSize = (request: ChatRequest, native?: JsonRecord): ChatSize => {
  const { tokens, audioTokens, predictionTokens, longCacheWrite, unseenFile } = inputBound(request, native);
  // More than a model's context is refused by its provider.
  const within = (count: number, { catalog }: ResolvedModel): number =>
    Math.min(count, catalog?.contextTokens ?? Number.POSITIVE_INFINITY);
  return {
    inputTokens: (model) => within(tokens(model), model),
    ...(audioTokens === 0 ? {} : { audioTokens: (model: ResolvedModel) => within(audioTokens, model) }),
    longCacheWrite,
    answers: request.n ?? 1,
    predictionTokens,
    outputTokens: askedOutputTokens(request),
    unseenFile,
  };
};
