import { config } from "#core/config.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { openApiDocument } from "#core/openapi/document.ts";

/** GET /api/openapi.json */
export const handler = jsonHandler({
  route: "OpenApi",
  endpoints: {
    GET: {
      handle: async ({ pathPrefix }) => ({ status: 200, json: openApiDocument(config.version(), pathPrefix) }),
    },
  },
});
