import { GatewayError } from "#core/errors.ts";
import { jsonHandler } from "#core/http/handler.ts";

const notImplemented = {
  handle: async () => {
    throw new GatewayError("NOT_IMPLEMENTED", "This endpoint is part of the contract and is not built yet.");
  },
};

/** Every path of the contract that has no function of its own yet. */
export const handler = jsonHandler({
  route: "NotFound",
  endpoints: { GET: notImplemented, POST: notImplemented, PATCH: notImplemented, DELETE: notImplemented },
});
