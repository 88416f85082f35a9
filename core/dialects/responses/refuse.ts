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
} as const satisfies Partial<Record<keyof ResponsesRequest, string>>;

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== false;

/**
 * What needs the provider's store. Everybody who shares an account can read what is stored there, so this is for callers
 * with their own key.
 * @throws GatewayError BAD_REQUEST
 */
export const refuseStored = (body: ResponsesRequest): void => {
  for (const [name, message] of Object.entries(stateful)) {
    if (isGiven(body[name])) throw badRequest(`${name} is not supported with the platform's key. ${message}`, name);
  }
};

/** @throws GatewayError BAD_REQUEST for an answer that would have to be fetched later */
export const refuseBackground = ({ background }: ResponsesRequest): void => {
  if (isGiven(background)) {
    const message = "background is not supported: no response can be fetched later. Stream it instead.";
    throw badRequest(message, "background");
  }
};

/** Gathers why a request cannot be translated: the first reason counts, and the rest of the request is read all the same. */
export class Refusals {
  #first: GatewayError | undefined;
  #untranslatable: GatewayError | undefined;

  get first(): GatewayError | undefined {
    return this.#first;
  }

  /** The first thing that OpenAI itself takes, and nobody else. */
  get untranslatable(): GatewayError | undefined {
    return this.#untranslatable;
  }

  noteUntranslatable(error: GatewayError): void {
    this.#untranslatable ??= error;
  }

  /** What `read` makes, or `otherwise` where it refuses. @throws what is not a refusal */
  try<Value>(read: () => Value, otherwise: Value): Value {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.#first ??= error;
      return otherwise;
    }
  }
}
