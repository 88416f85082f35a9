import { GatewayError } from "#core/errors.ts";
import { type ChatRequest, gatewayFields } from "#core/schemas/chat.ts";

/** Fields that other files of this folder translate. */
const translated = [
  "model",
  "messages",
  "stream",
  "stream_options",
  "temperature",
  "top_p",
  "top_k",
  "max_tokens",
  "max_completion_tokens",
  "n",
  "stop",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "response_format",
  "reasoning_effort",
  "user",
  "safety_identifier",
  "thinking",
  "output_config",
  "cache_control",
] as const;

/** OpenAI's fields without any counterpart. */
const withoutCounterpart = [
  "audio",
  "frequency_penalty",
  "function_call",
  "functions",
  "logit_bias",
  "logprobs",
  "metadata",
  "modalities",
  "moderation",
  "prediction",
  "presence_penalty",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "seed",
  "service_tier",
  "store",
  "top_logprobs",
  "verbosity",
  "web_search_options",
] as const;

const handled: ReadonlySet<string> = new Set([...translated, ...gatewayFields]);
const dropped: ReadonlySet<string> = new Set(withoutCounterpart);

/** Values that ask for nothing: dropping them changes no answer, so it deserves no warning. */
const asksNothing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === false ||
  value === 0 ||
  (typeof value === "object" && Object.keys(value).length === 0);

/**
 * Every field that is not translated. OpenAI's own ones without a counterpart are dropped with a warning. Any other may be
 * Anthropic's (or tomorrow's): it passes as it is on the caller's own key; on the platform's it is dropped with a warning,
 * since fields such as `speed` or `mcp_servers` change the price that we meter.
 * @throws GatewayError for `n` above 1.
 */
export const otherFields = (request: ChatRequest, byok: boolean, warnings: Set<string>): Record<string, unknown> => {
  if (typeof request.n === "number" && request.n > 1) {
    throw new GatewayError("BAD_REQUEST", "Claude models give one answer a request: n must be 1.", { param: "n" });
  }
  const passed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(request)) {
    if (handled.has(name)) continue;
    if (byok && !dropped.has(name)) passed[name] = value;
    else if (!asksNothing(value)) warnings.add(name);
  }
  return passed;
};
