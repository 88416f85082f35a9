import { type ProviderResponse, postJson, readBody, toProviderFailure } from "#core/providers/http-transport.ts";
import {
  type ChatProvider,
  newOutcome,
  type ProviderCall,
  type ProviderFailure,
  type ProviderReply,
  withOutcome,
} from "#core/providers/provider.ts";
import { isRecord } from "#core/values/is-record.ts";
import { failureFromError, failureFromResponse, malformed } from "./errors.ts";
import { fromResponse } from "./from-response.ts";
import { StreamTranslator } from "./from-stream.ts";
import { readStream } from "./read-stream.ts";
import { toRequest } from "./to-request.ts";

/** The newer version (2026-10-21) refuses temperature, top_p and top_k for every model. */
const apiVersion = "2023-06-01";
const maxAnswerBytes = 32 * 1024 * 1024;
const maxErrorBytes = 256 * 1024;

const messagesUrl = (baseUrl: string): string =>
  `${baseUrl.endsWith("/") ? baseUrl.slice(0, -1) : baseUrl}/v1/messages`;

const post = (call: ProviderCall, body: string): Promise<ProviderResponse> =>
  postJson({
    provider: "anthropic",
    url: messagesUrl(call.credential.baseUrl),
    headers: { accept: "application/json", "anthropic-version": apiVersion, "x-api-key": call.credential.apiKey },
    body,
    signal: call.signal,
    timeouts: call.timeouts,
  });

const errorBody = async (call: ProviderCall, response: ProviderResponse): Promise<string> => {
  try {
    return await readBody("anthropic", response, maxErrorBytes, call.signal);
  } catch (error) {
    const failure = toProviderFailure("anthropic", error, call.signal);
    if (failure.kind === "aborted") throw failure;
    // The status is worth more to routing than the fault in the error's body.
    return "";
  }
};

/** A stream was asked for, and the 200 is something else: an error object, or garbage. */
const notAStream = async (call: ProviderCall, response: ProviderResponse): Promise<ProviderFailure> => {
  const text = await errorBody(call, response);
  try {
    const body: unknown = JSON.parse(text);
    if (isRecord(body) && body.type === "error") return failureFromError(body.error);
  } catch {
    // Not JSON either.
  }
  return malformed("Anthropic answered a streaming request without a stream");
};

const isEventStream = ({ headers }: ProviderResponse): boolean =>
  (headers["content-type"] ?? "text/event-stream").includes("text/event-stream");

/** Anthropic's Messages API behind the gateway's interface. */
export const anthropicProvider: ChatProvider = {
  async chat(call: ProviderCall): Promise<ProviderReply> {
    const { completionId, model, request, signal } = call;
    const { body, warnings } = toRequest(request, { model, byok: call.credential.byok });
    const response = await post(call, JSON.stringify(body));
    if (response.status !== 200) {
      throw failureFromResponse(response.status, await errorBody(call, response), response.headers);
    }
    const outcome = newOutcome();
    const facts = { outcome, simulated: response.headers["x-provider-simulated"] !== undefined, warnings };
    const options = { completionId, model, createdSeconds: Math.floor(Date.now() / 1_000), outcome };
    if (request.stream !== true) {
      const text = await readBody("anthropic", response, maxAnswerBytes, signal);
      try {
        return { kind: "completion", ...facts, completion: fromResponse(text, options) };
      } catch (error) {
        throw withOutcome(error, outcome);
      }
    }
    if (!isEventStream(response)) throw await notAStream(call, response);
    const frames = readStream({
      body: response.body,
      translator: new StreamTranslator(options),
      outcome,
      toFailure: (error) => toProviderFailure("anthropic", error, signal),
    });
    return { kind: "stream", ...facts, frames };
  },
};
