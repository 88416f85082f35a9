import { config } from "#core/config.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { openApiDocument } from "#core/openapi/document.ts";
import { openApiRoute } from "#core/routes.ts";

/** The document of this environment's stage: it is the same for every request. */
let made: { readonly prefix: string; readonly json: unknown } | undefined;

const documentAt = (prefix: string): unknown => {
  if (made?.prefix !== prefix) made = { prefix, json: openApiDocument(config.version(), prefix) };
  return made.json;
};

/** GET /api/openapi.json */
export const handler = jsonHandler({
  route: openApiRoute,
  endpoints: {
    GET: {
      handle: async ({ pathPrefix }) => ({ status: 200, json: documentAt(pathPrefix) }),
    },
  },
});
