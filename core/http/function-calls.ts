import { usesFunctions } from "#core/chat/uses-functions.ts";
import { isRecord } from "#core/values/records.ts";
import type { Endpoint } from "./handler.ts";

/** An endpoint of chat completions that also takes OpenAI's older `functions`, and answers those in their own form. */
export const withFunctionCalls = (endpoint: Endpoint): Endpoint => ({
  ...endpoint,
  handle: async (call) => {
    if (!usesFunctions(call.body) || !isRecord(call.body)) return endpoint.handle(call);
    const { toToolsRequest } = await import("#core/chat/legacy-functions.ts");
    const { toOlder } = await import("./older-answer.ts");
    // The same object: what the endpoint notes on it is read after the answer.
    return toOlder(await endpoint.handle(Object.assign(call, { body: toToolsRequest(call.body) })));
  },
});
