import { Readable } from "node:stream";
import { usesFunctions } from "#core/chat/uses-functions.ts";
import { isRecord } from "#core/values/is-record.ts";
import type { Endpoint } from "./handler.ts";
import type { EndpointResult } from "./response.ts";

const toOlder = async (result: EndpointResult): Promise<EndpointResult> => {
  const { olderStream, toOlderAnswer } = await import("#core/chat/legacy-answer.ts");
  const { json, text, stream } = result;
  if (stream !== undefined) return { ...result, stream: Readable.from(olderStream(stream), { objectMode: false }) };
  if (json !== undefined) return { ...result, json: toOlderAnswer(json) };
  // An answer that is given again is kept as text.
  return text === undefined ? result : { ...result, text: JSON.stringify(toOlderAnswer(JSON.parse(text))) };
};

/** An endpoint of chat completions that also takes OpenAI's older `functions`, and answers those in their own form. */
export const withFunctionCalls = (endpoint: Endpoint): Endpoint => ({
  ...endpoint,
  handle: async (call) => {
    if (!usesFunctions(call.body) || !isRecord(call.body)) return endpoint.handle(call);
    const { toToolsRequest } = await import("#core/chat/legacy-functions.ts");
    // The same object: what the endpoint notes on it is read after the answer.
    return toOlder(await endpoint.handle(Object.assign(call, { body: toToolsRequest(call.body) })));
  },
});
