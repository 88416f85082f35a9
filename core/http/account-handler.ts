import httpJsonBodyParser from "@middy/http-json-body-parser";
import type { BodyParser } from "./body.ts";
import { type HandlerOptions, jsonHandler } from "./handler.ts";

// The content type is checked by the chain, in the words of the contract.
const parser = httpJsonBodyParser({ disableContentTypeCheck: true });

const parseBody: BodyParser = ({ body, headers }) => {
  const event = { body, headers };
  parser.before?.({ event } as never);
  return event.body;
};

/**
 * A buffered Lambda of the account's endpoints (sessions, keys, provider keys), whose bodies middy's own parser reads:
 * their vendors' SDKs have loaded what it needs.
 */
export const accountHandler = (options: HandlerOptions): ReturnType<typeof jsonHandler> =>
  jsonHandler({ ...options, parseBody });
