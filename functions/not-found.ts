import { GatewayError } from "#core/errors.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { originOf } from "#core/http/origin.ts";
import type { Call } from "#core/http/request-state.ts";
import type { EndpointResult } from "#core/http/response.ts";
import { rightAddress } from "#core/http/wrong-address.ts";
import { catchAll } from "#core/routes.ts";

/** A stored answer, its items, or a request to stop it. */
const storedResponse = /^\/api\/v1\/responses\/[^/]+(?:\/(?:cancel|input_items))?$/;

const messageFor = (call: Call<unknown>): string | undefined =>
  storedResponse.test(call.path)
    ? "Responses are not stored here, so none has this id. Send the whole conversation in input; to stop a running request, use POST /api/v1/requests/{id}/cancel."
    : undefined;

/** Anthropic's clients show the message of a 400, and not that of a 404. */
const inMessages = async (call: Call<unknown>, message: string): Promise<EndpointResult> => {
  const { messagesWire } = await import("#core/dialects/messages/wire.ts");
  const error = new GatewayError("BAD_REQUEST", message);
  call.errorCode = error.code;
  return { status: 400, json: messagesWire.errorBody(error, call.requestId) };
};

/** A person who opens the gateway's address in a browser. */
const wantsPage = ({ path, headers }: Call<unknown>): boolean =>
  path === "/" && headers.accept?.includes("text/html") === true;

const notFound = {
  handle: async (call: Call<unknown>): Promise<EndpointResult> => {
    const right = rightAddress(call.path, originOf(call) + call.pathPrefix);
    if (right?.dialect === "messages") return inMessages(call, right.message);
    throw new GatewayError("NOT_FOUND", messageFor(call) ?? right?.message ?? "No endpoint has this path.");
  },
};

const root = {
  handle: async (call: Call<unknown>): Promise<EndpointResult> =>
    wantsPage(call)
      ? { status: 303, headers: { location: `${call.pathPrefix}/dashboard`, vary: "Accept" } }
      : notFound.handle(call),
};

/** Every path outside the contract. */
export const handler = jsonHandler({
  route: catchAll,
  endpoints: { GET: root, POST: notFound, PATCH: notFound, DELETE: notFound },
});
