import "#adapter";
import { claudeId } from "#core/catalog/bedrock-id.ts";
import { fromResponse } from "#core/providers/anthropic/from-response.ts";
import { readBody, toProviderFailure } from "#core/providers/http-transport.ts";
import {
  type ChatProvider,
  newOutcome,
  type ProviderCall,
  type ProviderReply,
  withOutcome,
} from "#core/providers/provider.ts";
import { relabeled } from "#core/providers/relabel.ts";
import { askBedrock } from "./ask.ts";
import { toAnthropicMessage } from "./from-converse.ts";
import { converseFrames } from "./from-converse-stream.ts";
import { toConverse } from "./to-converse.ts";

const maxAnswerBytes = 32 * 1024 * 1024;

/** One call of Converse or ConverseStream. @throws ProviderFailure, or GatewayError before any call */
const converse = async (call: ProviderCall): Promise<ProviderReply> => {
  const { completionId, model, request, signal } = call;
  const { body, warnings } = await toConverse(call);
  const streamed = request.stream === true;
  const response = await askBedrock(call, streamed ? "converse-stream" : "converse", body);
  const outcome = newOutcome();
  outcome.responseModel = model;
  const facts = { outcome, simulated: response.headers["x-provider-simulated"] !== undefined, warnings };
  const options = { completionId, model, createdSeconds: Math.floor(Date.now() / 1_000), outcome };
  if (streamed) {
    const toFailure = (error: unknown): Error => toProviderFailure("bedrock", error, signal);
    return { kind: "stream", ...facts, frames: converseFrames(response.body, options, toFailure) };
  }
  const text = await readBody("bedrock", response, maxAnswerBytes, signal);
  try {
    const completion = fromResponse(toAnthropicMessage(text), options);
    outcome.responseModel = model;
    return { kind: "completion", ...facts, completion };
  } catch (error) {
    throw withOutcome(error, outcome);
  }
};

/**
 * Amazon Bedrock: Converse for every model, Anthropic's own body for a Messages request to Claude, and OpenAI's for a Responses
 * request to GPT.
 */
export const bedrockProvider: ChatProvider = {
  chat: async (call) => {
    const { native, model } = call;
    if (native?.dialect === "messages") {
      if (claudeId(model) !== undefined) {
        const { invokeMessages, passesToBedrock } = await import("./invoke-messages.ts");
        if (passesToBedrock(call, native)) return relabeled(call, () => invokeMessages(call, native));
      }
    }
    if (native?.dialect === "responses") {
      const { askResponses, passesToBedrock } = await import("./responses.ts");
      if (passesToBedrock(native)) return relabeled(call, () => askResponses(call, native));
    }
    // Converse gets a translation.
    const refusal = native?.untranslatable ?? native?.refusal;
    if (refusal !== undefined) throw refusal;
    return relabeled(call, () => converse(call));
  },
};
