import { Readable } from "node:stream";
import { olderStream, toOlderAnswer } from "#core/chat/legacy-answer.ts";
import type { EndpointResult } from "./response.ts";

/** An answer with its calls in the form of OpenAI's older `functions`. */
export const toOlder = (result: EndpointResult): EndpointResult => {
  const { json, text, stream } = result;
  if (stream !== undefined) return { ...result, stream: Readable.from(olderStream(stream), { objectMode: false }) };
  if (json !== undefined) return { ...result, json: toOlderAnswer(json) };
  // A replayed answer is kept as text.
  return text === undefined ? result : { ...result, text: JSON.stringify(toOlderAnswer(JSON.parse(text))) };
};
