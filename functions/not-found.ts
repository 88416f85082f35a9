import { GatewayError } from "#core/errors.ts";
import { jsonHandler } from "#core/http/handler.ts";
import type { Call } from "#core/http/request-state.ts";

/** A stored answer, its items, or a request to stop it. */
const storedResponse = /^\/api\/v1\/responses\/[^/]+(?:\/(?:cancel|input_items))?$/;

const notFound = {
  handle: async ({ path }: Call<unknown>) => {
    throw new GatewayError(
      "NOT_FOUND",
      storedResponse.test(path)
        ? "Responses are not stored here, so none has this id. Send the whole conversation in input; to stop a running request, use POST /api/v1/requests/{id}/cancel."
        : "No endpoint has this path.",
    );
  },
};

/** Every path outside the contract. */
export const handler = jsonHandler({
  route: "NotFound",
  endpoints: { GET: notFound, POST: notFound, PATCH: notFound, DELETE: notFound },
});
