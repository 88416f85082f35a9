import * as z from "zod/v4/core";
import type { Endpoint } from "./handler.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

/** An endpoint whose body is checked against a schema. Apart from the handler, so that functions without a body do not load zod. */
export const withBody = <Schema extends z.$ZodType>(
  schema: Schema,
  handle: (call: Call<z.output<Schema>>) => Promise<EndpointResult>,
): Endpoint => ({
  takesBody: true,
  handle: async (call) => {
    const parsed = z.safeParse(schema, call.body);
    // Few bodies are refused: the others do not load what says why.
    const body = parsed.success ? parsed.data : (await import("./parse-with.ts")).parseWith(schema, call.body);
    // The same object: what the endpoint notes on it (metrics, error code) is read after the answer.
    return handle(Object.assign(call, { body }));
  },
});

/** The same where a request without a body stands for an empty object. */
export const withOptionalBody = <Schema extends z.$ZodType>(
  schema: Schema,
  handle: (call: Call<z.output<Schema>>) => Promise<EndpointResult>,
): Endpoint => ({ ...withBody(schema, handle), takesBody: "optional" });
