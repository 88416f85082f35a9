import { postJson, readBody, toProviderFailure } from "#core/providers/http-transport.ts";
import { newOutcome, type ProviderCall, type ProviderReply, withOutcome } from "#core/providers/provider.ts";
import { failureFromResponse } from "./errors.ts";
import { fromResponsesAnswer } from "./responses-answer.ts";
import { toResponsesRequest } from "./responses-request.ts";
import { readResponsesStream } from "./responses-stream.ts";
import { planRequest } from "./to-request.ts";

const maxAnswerBytes = 32 * 1024 * 1024;
const maxErrorBytes = 256 * 1024;

/**
 * A chat completion over POST <base>/responses, for models and combinations that OpenAI serves only there: the request is
 * translated, and the answer back, streamed or not.
 * @throws ProviderFailure, or GatewayError before any call
 */
export const responsesChat = async (call: ProviderCall): Promise<ProviderReply> => {
  const { provider, request, credential, signal, timeouts, completionId, model } = call;
  const { body, warnings } = toResponsesRequest(call, planRequest(call));
  const streamed = request.stream === true;
  const response = await postJson({
    provider,
    url: `${credential.baseUrl}/responses`,
    headers: {
      authorization: `Bearer ${credential.apiKey}`,
      accept: streamed ? "text/event-stream" : "application/json",
    },
    body: JSON.stringify(body),
    signal,
    timeouts,
  });
  if (response.status !== 200) {
    const text = await readBody(provider, response, maxErrorBytes, signal);
    throw failureFromResponse(provider, response.status, response.headers, text);
  }
  const outcome = newOutcome();
  const facts = { outcome, simulated: response.headers["x-provider-simulated"] === "true", warnings };
  const options = { completionId, model, createdSeconds: Math.floor(Date.now() / 1_000), outcome };
  const isStream = response.headers["content-type"]?.includes("text/event-stream") === true;
  if (!streamed || !isStream) {
    const text = await readBody(provider, response, maxAnswerBytes, signal);
    try {
      return { kind: "completion", completion: fromResponsesAnswer(text, options), ...facts };
    } catch (error) {
      throw withOutcome(error, outcome);
    }
  }
  const frames = readResponsesStream({
    ...options,
    body: response.body,
    toFailure: (error) => toProviderFailure(provider, error, signal),
  });
  return { kind: "stream", frames, ...facts };
};
