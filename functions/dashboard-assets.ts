import { GatewayError } from "#core/errors.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { dashboardAssetsRoute } from "#core/routes.ts";
import { assets } from "./dashboard/assets.generated.js";
import { isCurrent } from "./dashboard/is-current.ts";
import { pageResponse } from "./dashboard/page-response.ts";
import { securityHeaders } from "./dashboard/security-headers.ts";

/** A year, as long as caches keep anything. The name changes with the content. */
const immutable = "public, max-age=31536000, immutable";

/** Anywhere below /dashboard: a page's trailing slash, which not every front keeps, must not break its assets. */
const assetName = /(?:^|\/)assets\/([^/]+)$/;

/** GET /dashboard/*: the page's files, and the page itself for each of its own addresses */
export const handler = jsonHandler({
  route: dashboardAssetsRoute,
  endpoints: {
    GET: {
      handle: async (call) => {
        const name = assetName.exec(call.path)?.[1];
        const asset = name === undefined ? undefined : assets.get(name);
        if (asset === undefined) {
          const last = call.path.slice(call.path.lastIndexOf("/") + 1);
          if (name === undefined && !last.includes(".")) return pageResponse(call);
          throw new GatewayError(
            "NOT_FOUND",
            "The dashboard has no such file. It may have been updated: reload the page.",
          );
        }
        const { contentType, etag, text } = asset;
        const headers = { "content-type": contentType, "cache-control": immutable, etag, ...securityHeaders };
        return isCurrent(call.headers["if-none-match"], etag)
          ? { status: 304, headers }
          : { status: 200, text, headers };
      },
    },
  },
});
