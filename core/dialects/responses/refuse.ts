import { GatewayError } from "#core/errors.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";

/** What a request of this dialect is refused for, in one voice. */

export const badRequest = (message: string, param: string): GatewayError =>
  new GatewayError("BAD_REQUEST", message, { param });

const everythingSent = "Responses are not stored here: send the whole conversation in input.";

/** Fields by which a provider finds what it has stored, each with what the caller can do instead. */
const stateful = {
  previous_response_id: everythingSent,
  conversation: everythingSent,
  prompt: "Stored prompts belong to the account of the provider: send instructions and input.",
  background: "Responses are not stored here, so none can be fetched later: stream it instead.",
} as const satisfies Partial<Record<keyof ResponsesRequest, string>>;

/**
 * Refuses what needs a store. Whatever a provider stores can be read by everybody who shares its account.
 * @throws GatewayError BAD_REQUEST
 */
export const refuseStored = (body: ResponsesRequest): void => {
  for (const [name, message] of Object.entries(stateful)) {
    const value: unknown = body[name];
    if (value !== undefined && value !== null && value !== false) {
      throw badRequest(`${name} is not supported. ${message}`, name);
    }
  }
};
