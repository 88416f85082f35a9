import "#adapter";
import { toProviderFailure } from "#core/providers/http-transport.ts";
import type { ProviderCall, ProviderOutcome, ProviderReply } from "#core/providers/provider.ts";
import { exchange } from "./exchange.ts";
import { fromResponsesAnswer } from "./responses-answer.ts";
import { toResponsesRequest } from "./responses-request.ts";
import { readResponsesStream } from "./responses-stream.ts";
import { planRequest } from "./to-request.ts";

/**
 * A chat completion over POST <base>/responses, for models and combinations that OpenAI serves only there: the request is
 * translated, and the answer back, streamed or not.
 * @throws ProviderFailure, or GatewayError before any call
 */
export const responsesChat = async (call: ProviderCall): Promise<ProviderReply> => {
  const { provider, signal, completionId, model } = call;
  const { body, warnings } = toResponsesRequest(call, planRequest(call));
  const createdSeconds = Math.floor(Date.now() / 1_000);
  const optionsOf = (outcome: ProviderOutcome) => ({ completionId, model, createdSeconds, outcome });
  const toFailure = (error: unknown) => toProviderFailure(provider, error, signal);
  return exchange(call, {
    path: "/responses",
    body,
    warnings,
    completion: (text, outcome) => fromResponsesAnswer(text, optionsOf(outcome)),
    frames: (bytes, outcome) => readResponsesStream({ ...optionsOf(outcome), body: bytes, toFailure }),
  });
};
