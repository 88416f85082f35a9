import { readBody } from "#core/providers/http-transport.ts";
import type { NativeRequest } from "#core/providers/native.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { isRecord } from "#core/values/records.ts";
import { malformed } from "./errors.ts";
import { postToAnthropic } from "./exchange.ts";
import { toNativeRequest } from "./native-request.ts";

const maxAnswerBytes = 64 * 1024;

/** Fields of a message that do not count. */
const uncounted = ["max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata"] as const;

export type CountCall = Pick<ProviderCall, "model" | "credential" | "signal" | "timeouts">;

/** Anthropic's own count of a request's input tokens. @throws ProviderFailure */
export const countTokens = async (call: CountCall, native: NativeRequest): Promise<number> => {
  const { body, headers } = toNativeRequest(call, native);
  const counted = { ...body };
  for (const name of uncounted) delete counted[name];
  const response = await postToAnthropic(call, "/v1/messages/count_tokens", { body: counted, headers });
  const text = await readBody("anthropic", response, maxAnswerBytes, call.signal);
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw malformed("Anthropic's count is not JSON");
  }
  if (!isRecord(answer) || typeof answer.input_tokens !== "number") throw malformed("Anthropic counted nothing");
  return answer.input_tokens;
};
