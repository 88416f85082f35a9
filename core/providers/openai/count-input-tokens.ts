import { postJson, readBody } from "#core/providers/http-transport.ts";
import { type KeyCredential, ProviderFailure } from "#core/providers/provider.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { failureFromResponse } from "./errors.ts";
import { reviewResponses } from "./review-responses.ts";

export interface CountCall {
  readonly model: string;
  readonly body: JsonRecord;
  readonly credential: KeyCredential;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

const maxAnswerBytes = 256 * 1024;

/** What of a request may leave to be counted: all of it with the caller's own key, what has been reviewed with the platform's. */
const countedBody = ({ body, credential }: CountCall): JsonRecord => {
  if (credential.byok) return body;
  const { store: _, include: _include, ...reviewed } = reviewResponses(body, new Set());
  return reviewed;
};

/** OpenAI's own count of a request's input, by POST /responses/input_tokens. @throws ProviderFailure */
export const countInputTokens = async (call: CountCall): Promise<number> => {
  const { credential, signal, timeoutMs, model } = call;
  const response = await postJson({
    provider: "openai",
    url: `${credential.baseUrl}/responses/input_tokens`,
    headers: { authorization: `Bearer ${credential.apiKey}`, accept: "application/json" },
    body: JSON.stringify({ ...countedBody(call), model }),
    signal,
    timeouts: { headersMs: timeoutMs, idleMs: timeoutMs },
  });
  const text = await readBody("openai", response, maxAnswerBytes, signal);
  if (response.status !== 200) throw failureFromResponse("openai", response.status, response.headers, text);
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  if (isRecord(answer) && typeof answer.input_tokens === "number") return answer.input_tokens;
  throw new ProviderFailure("openai", "malformed", "openai: the count has no input_tokens");
};
