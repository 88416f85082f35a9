import type { ChatCompletion } from "openai/resources/chat/completions";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import type { AnswerRewriter, Completion } from "./dialect.ts";
import { failureFromBody } from "./errors.ts";
import { toFinishReason } from "./finish-reason.ts";
import { type ReasoningCount, toTokenUsage, withTrueCounts } from "./usage.ts";

export interface AnswerOptions {
  readonly provider: ChatProviderId;
  /** Filled with what the answer tells. */
  readonly outcome: ProviderOutcome;
  readonly reasoning: ReasoningCount;
  /** Absent where the provider's answers are OpenAI's. */
  readonly rewriter?: AnswerRewriter | undefined;
}

interface CallBody {
  readonly function?: { readonly arguments?: string };
  readonly custom?: { readonly input?: string };
}

const charactersOf = (choice: ChatCompletion.Choice): number =>
  (choice.message.content?.length ?? 0) +
  (choice.message.tool_calls ?? []).reduce(
    // A call of a type that we do not know says nothing that we could count.
    (sum, { function: called, custom }: CallBody) => sum + (called?.arguments?.length ?? custom?.input?.length ?? 0),
    0,
  );

/**
 * Reads a whole OpenAI-shaped answer and notes what it tells.
 * @throws ProviderFailure also for an error that came with status 200.
 */
export const readCompletion = (text: string, options: AnswerOptions): ChatCompletion => {
  const { provider, outcome, reasoning, rewriter } = options;
  const malformed = (what: string) => new ProviderFailure(provider, "malformed", `${provider}: ${what}`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw malformed("the answer is not JSON");
  }
  if (typeof body !== "object" || body === null) throw malformed("the answer is not an object");
  // Noted first: an answer that cannot be used may have to be paid all the same.
  outcome.usage = toTokenUsage((body as Completion).usage, reasoning);
  const failure = failureFromBody(provider, body);
  if (failure !== undefined) throw failure;
  const completion = rewriter === undefined ? (body as Completion) : rewriter.completion(body);
  const [first] = Array.isArray(completion.choices) ? completion.choices : [];
  if (first?.message === undefined) throw malformed("the answer has no choices");
  for (const choice of completion.choices ?? []) {
    const said: string | null | undefined = choice.finish_reason;
    if (typeof said !== "string" || said === "") throw malformed("the answer has no finish reason");
    const reason = toFinishReason(said);
    if (reason === undefined) throw malformed("the answer ended in an error");
    choice.finish_reason = reason;
    outcome.outputCharacters += charactersOf(choice);
  }
  outcome.finishReason = toFinishReason(first.finish_reason);
  outcome.contentStarted = true;
  outcome.responseModel = completion.model;
  outcome.responseId = completion.id;
  return withTrueCounts(completion, outcome.usage, reasoning) as ChatCompletion;
};
