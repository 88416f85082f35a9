import type { GatewayError } from "#core/errors.ts";
import type { ResponsesRequest } from "#core/schemas/responses.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { eventFrame, responseError } from "./failure.ts";
import { holderId } from "./item-ids.ts";
import { reasoningItem } from "./output-items.ts";

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

const completed = Buffer.from("event: response.completed\n");
const incomplete = Buffer.from("event: response.incomplete\n");

const lastEventAt = (part: Buffer): number => Math.max(part.indexOf(completed), part.indexOf(incomplete));

const dataOf = (frame: string): JsonRecord | undefined => {
  const lines = frame.split("\n").filter((line) => line.startsWith("data:"));
  try {
    const event: unknown = JSON.parse(lines.map((line) => line.slice("data:".length)).join("\n"));
    return isRecord(event) ? event : undefined;
  } catch {
    return undefined;
  }
};

/** The last event, behind an item that holds the messages of the answer. As it came where there is nothing to hold. */
const behindHolder = (frame: string): string => {
  const event = dataOf(frame);
  if (event === undefined || !isRecord(event.response) || !Array.isArray(event.response.output)) return frame;
  const { response, sequence_number: number } = event;
  const output = event.response.output as readonly unknown[];
  const id = holderId(output);
  if (id === undefined || typeof number !== "number") return frame;
  const item = reasoningItem(id, "", {});
  const place = { output_index: output.length, item };
  return (
    eventFrame({ type: "response.output_item.added", ...{ sequence_number: number, ...place } }) +
    eventFrame({ type: "response.output_item.done", ...{ sequence_number: number + 1, ...place } }) +
    eventFrame({
      ...(event as JsonRecord & { readonly type: string }),
      ...{ sequence_number: number + 2, response: { ...response, output: [...output, item] } },
    })
  );
};

/** A stream of the platform's key. Nothing of it is stored, so an item at its end holds what clients give back by id alone. */
export async function* withHolder(
  frames: AsyncIterable<Buffer | string>,
  { store }: ResponsesRequest,
): AsyncGenerator<Buffer | string, void, undefined> {
  for await (const part of frames) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    const at = store === false ? -1 : lastEventAt(bytes);
    if (at < 0) {
      yield part;
      continue;
    }
    const [last = "", ...others] = bytes.subarray(at).toString("utf8").split("\n\n");
    const end = [behindHolder(`${last}\n\n`), others.join("\n\n")].join("");
    yield Buffer.concat([bytes.subarray(0, at), Buffer.from(end)]);
  }
}
