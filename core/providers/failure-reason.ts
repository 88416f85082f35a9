/** Why a provider refused, in OpenAI's own codes, which clients match. */
export type FailureReason = "context_length_exceeded" | "content_filter" | "insufficient_quota" | "model_not_found";

/** What a failure tells of its reason. */
export interface RefusalFacts {
  /** A `FailureKind`. */
  readonly kind: string;
  readonly status: number | undefined;
  readonly providerCode: string | undefined;
  readonly providerMessage: string | undefined;
}

/**
 * Words for a context that is too small. OpenAI: "maximum context length", "exceeds the context window"; Anthropic: "prompt is
 * too long", "input length and `max_tokens` exceed context limit"; Google: "input token count (…) exceeds the maximum number of
 * tokens"; xAI: "maximum prompt length is"; MiniMax: "context window exceeds limit"; hosts behind OpenRouter: the others.
 */
const contextWords =
  /context_length_exceeded|maximum context length|context (?:window|length|limit|size)[^.]{0,40}exceed|exceed[^.]{0,40}context|(?:prompt|input) is too long|maximum prompt length|input token count[^.]{0,60}exceeds|exceeds the maximum number of (?:input )?tokens|too many (?:input )?tokens for (?:the|this) model|reduce the length of the (?:messages|prompt|input)/i;

/** Words for content that a filter refused: the provider's own policy, not a broken request. */
const filterWords =
  /content_filter|content_policy_violation|content filtering policy|content management policy|violates (?:our |the )?(?:usage|content|safety)[ _](?:guidelines|policy|policies)|SAFETY_CHECK_TYPE|moderation_blocked|usage policies|prohibited_content|requires moderation|\bflagged\b/i;

const modelWords =
  /model_not_found|\bmodels?\b[^.]{0,160}(?:does not exist|do not exist|not exist|(?:is|was) not found|not found)|(?:no such|unknown|unsupported|invalid) model\b|not a valid model|no endpoints found for/i;

/** Anthropic's words for a model that it does not know are `model: <id>`. */
const bareModel = /^model: \S+$/;

/** The reason of a refusal, or undefined for any other. Only refusals have one: a busy provider's words are no verdict. */
export const reasonOf = ({ kind, status, providerCode, providerMessage }: RefusalFacts): FailureReason | undefined => {
  if (kind === "quota") return "insufficient_quota";
  if (kind !== "request") return undefined;
  const words = `${providerCode ?? ""} ${providerMessage ?? ""}`;
  if (contextWords.test(words)) return "context_length_exceeded";
  if (filterWords.test(words)) return "content_filter";
  const isBare = status === 404 && bareModel.test(providerMessage ?? "");
  return isBare || modelWords.test(words) ? "model_not_found" : undefined;
};
