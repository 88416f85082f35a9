import { GatewayError } from "#core/errors.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { docsPagesRoute } from "#core/routes.ts";
import { isCurrent } from "./dashboard/is-current.ts";
import { securityHeaders } from "./dashboard/security-headers.ts";
import { index } from "./docs/layout.generated.js";
import { docsResponse } from "./docs/page-response.ts";

/** GET /docs/*: the other pages, their script and their style */
export const handler = jsonHandler({
  route: docsPagesRoute,
  endpoints: {
    GET: {
      handle: async (call) => {
        const path = call.path.endsWith("/") ? call.path.slice(0, -1) : call.path;
        const rest = path.slice(path.indexOf("/docs") + "/docs/".length);
        // With the first request: a megabyte that no start should wait for.
        const { assets, pages } = await import("./docs/pages.generated.js");
        const page = rest === "" ? index : pages.get(rest);
        if (page !== undefined) return docsResponse(call, page);
        const asset = rest.startsWith("assets/") ? assets.get(rest.slice("assets/".length)) : undefined;
        if (asset === undefined)
          throw new GatewayError("NOT_FOUND", "The documentation has no such page. /docs lists all.");
        const { contentType, etag, text } = asset;
        // A year: the name changes with the content.
        const cached = "public, max-age=31536000, immutable";
        const headers = { "content-type": contentType, "cache-control": cached, etag, ...securityHeaders };
        return isCurrent(call.headers["if-none-match"], etag)
          ? { status: 304, headers }
          : { status: 200, text, headers };
      },
    },
  },
});
