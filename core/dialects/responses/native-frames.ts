import type { GatewayError } from "#core/errors.ts";
import { isRecord, type JsonRecord } from "#core/values/is-record.ts";
import { eventFrame, responseError } from "./failure.ts";

/** Events of ours behind those that OpenAI sent itself. */

/** What the adapter knows of the events that passed. */
const readState = ({ sequence, response, output }: JsonRecord) => ({
  sequence: typeof sequence === "number" ? sequence + 1 : 0,
  response: isRecord(response) ? response : {},
  output: Array.isArray(output) ? (output as readonly unknown[]) : [],
});

const lastEvent = (status: "incomplete" | "failed", state: JsonRecord, fields: object): string => {
  const { sequence, response, output } = readState(state);
  return eventFrame({
    type: `response.${status}`,
    ...{ sequence_number: sequence, response: { ...response, status, output, ...fields } },
  });
};

/** Ends a stream that ran out of its money. */
export const cutFrames = (state: JsonRecord): string =>
  lastEvent("incomplete", state, { incomplete_details: { reason: "max_output_tokens" } });

/** Ends a stream that failed. */
export const failureFrames = (error: GatewayError, requestId: string, state: JsonRecord): string =>
  lastEvent("failed", state, { error: responseError(error, requestId) });
