import type { ChatCompletion } from "openai/resources/chat/completions";
import {
  type ChatProviderId,
  type FinishReason,
  ProviderFailure,
  type ProviderOutcome,
} from "#core/providers/provider.ts";
import { failureFromBody } from "./errors.ts";
import { type ReasoningCount, toTokenUsage } from "./usage.ts";

const known: ReadonlySet<string> = new Set(["stop", "length", "tool_calls", "content_filter"]);

/**
 * Reads a whole OpenAI-shaped answer and notes what it tells into `outcome`.
 * @throws ProviderFailure also for an error that came with status 200.
 */
export const readCompletion = (
  provider: ChatProviderId,
  text: string,
  outcome: ProviderOutcome,
  reasoning: ReasoningCount,
): ChatCompletion => {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ProviderFailure(provider, "malformed", `${provider}: the answer is not JSON`);
  }
  const failure = failureFromBody(provider, body);
  if (failure !== undefined) throw failure;
  const completion = body as Partial<ChatCompletion> | null;
  const choices = completion?.choices;
  if (!Array.isArray(choices) || choices[0]?.message === undefined) {
    throw new ProviderFailure(provider, "malformed", `${provider}: the answer has no choices`);
  }
  const reason: string | null = choices[0].finish_reason;
  if (reason === null || reason === undefined) {
    throw new ProviderFailure(provider, "malformed", `${provider}: the answer has no finish reason`);
  }
  outcome.finishReason = known.has(reason) ? (reason as FinishReason) : "stop";
  outcome.contentStarted = true;
  outcome.responseModel = completion?.model;
  outcome.usage = toTokenUsage(completion?.usage, reasoning);
  for (const choice of choices) outcome.outputCharacters += choice.message?.content?.length ?? 0;
  return completion as ChatCompletion;
};
