import type { ResolvedModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";
import { spendExceeded } from "#core/generation/limit-errors.ts";
import type { PaidAttempt } from "#core/generation/paid-call.ts";
import { outputLimit } from "#core/generation/reservation.ts";
import type { NativeRequest } from "#core/providers/native.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import type { ChatSize } from "./call-size.ts";

/**
 * What is sent on the platform's key is held to the money that was set aside for it: its output limit is set where the caller
 * asks for more, or for no limit and the model's own is higher.
 */

export interface HeldRequest {
  readonly request: ChatRequest;
  /** The same in the dialect in which it came. */
  readonly native: NativeRequest | undefined;
  /** Names of the caller's fields that were lowered, for `X-Warnings`. A limit that the caller did not set is not among them. */
  readonly warnings: readonly string[];
}

/** Anthropic's least thinking budget. */
const leastBudgetTokens = 1_024;

/** Anthropic's own `thinking`, whose budget has to stay below the output limit. Half is left for the answer. */
const heldThinking = ({ thinking }: JsonRecord, limit: number): Record<string, unknown> => {
  if (!isRecord(thinking) || typeof thinking.budget_tokens !== "number") return {};
  const most = Math.floor(limit / 2);
  if (thinking.budget_tokens <= most) return {};
  return { thinking: most < leastBudgetTokens ? undefined : { ...thinking, budget_tokens: most } };
};

/** OpenRouter's own `reasoning`, whose budget is part of the output too. */
const heldReasoning = ({ reasoning }: ChatRequest, limit: number): Record<string, unknown> => {
  if (!isRecord(reasoning) || typeof reasoning.max_tokens !== "number") return {};
  const most = Math.floor(limit / 2);
  return reasoning.max_tokens <= most ? {} : { reasoning: { ...reasoning, max_tokens: most } };
};

/** A request in its own dialect, under the dialect's own names. */
const heldNative = (native: NativeRequest | undefined, limit: number): NativeRequest | undefined => {
  if (native === undefined) return undefined;
  const { dialect, body } = native;
  const limited =
    dialect === "responses"
      ? { ...body, max_output_tokens: limit }
      : { ...body, max_tokens: limit, ...heldThinking(body, limit) };
  return { ...native, body: limited };
};

/** The limit under the caller's own name for it. OpenRouter's hosts know the older one best. */
const limitFields = (request: ChatRequest, { provider }: ResolvedModel, limit: number): Record<string, unknown> => {
  const older = typeof request.max_tokens === "number";
  const newer = typeof request.max_completion_tokens === "number";
  const isOlder = older || (!newer && provider === "openrouter");
  return {
    ...(isOlder ? { max_tokens: limit } : {}),
    ...(newer || !isOlder ? { max_completion_tokens: limit } : {}),
  };
};

/**
 * A request as it may be sent to a model for an amount. Unchanged where nothing was set aside: the caller's own key pays.
 * @throws GatewayError SPEND_LIMIT_EXCEEDED or BUDGET_EXCEEDED when the amount buys no answer worth its input; BAD_REQUEST for a
 * file of unknown size
 */
export const holdToMoney = (
  asked: Pick<HeldRequest, "request" | "native">,
  model: ResolvedModel,
  size: ChatSize,
  { grantedPicoUsd, tooLittle = spendExceeded }: Pick<PaidAttempt<ResolvedModel>, "grantedPicoUsd" | "tooLittle">,
): HeldRequest => {
  if (grantedPicoUsd === undefined) return { ...asked, warnings: [] };
  if (size.unseenFile !== undefined) {
    throw new GatewayError(
      "BAD_REQUEST",
      "Where the platform's key pays, or the API key has a budget that includes yours, a file has to be in the request, as file_data in base64.",
      { param: size.unseenFile },
    );
  }
  const limit = outputLimit(model, size, grantedPicoUsd);
  if (limit === "too-little") throw tooLittle();
  if (limit === undefined) return { ...asked, warnings: [] };
  const { request } = asked;
  const held = { ...heldThinking(request, limit), ...heldReasoning(request, limit) };
  const limits = limitFields(request, model, limit);
  return {
    request: { ...request, ...limits, ...held },
    native: heldNative(asked.native, limit),
    warnings: [...Object.keys(limits), ...Object.keys(held)].filter(
      (name) => (request[name] ?? undefined) !== undefined,
    ),
  };
};
