import { GatewayError } from "#core/errors.ts";
import { jsonHandler } from "#core/http/handler.ts";
import type { Call } from "#core/http/request-state.ts";

const notFound = {
  handle: async ({ path }: Call<unknown>) => {
    throw path.endsWith("/responses")
      ? new GatewayError("NOT_FOUND", "The Responses API is not served here: use POST /api/v1/chat/completions.")
      : new GatewayError("NOT_FOUND", "No endpoint has this path.");
  },
};

/** Every path outside the contract, and /api/v1/responses, which some SDKs call by default. */
export const handler = jsonHandler({
  route: "NotFound",
  endpoints: { GET: notFound, POST: notFound, PATCH: notFound, DELETE: notFound },
});
