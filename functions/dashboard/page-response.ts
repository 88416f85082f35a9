import { createHash } from "node:crypto";
import type { Call } from "#core/http/request-state.ts";
import type { EndpointResult } from "#core/http/response.ts";
import { assetsPlaceholder, pageHtml } from "./assets.generated.js";
import { isCurrent } from "./is-current.ts";
import { securityHeaders } from "./security-headers.ts";

/**
 * The way from a page's address to its assets. Relative, since a stage prefix or a domain's base path may stand in front of
 * `/dashboard`: `/dashboard` → `dashboard/assets/`, `/dashboard/keys` → `assets/`.
 */
export const assetsPath = (path: string): string => {
  const segments = path.split("/");
  const depth = segments.length - 1 - segments.lastIndexOf("dashboard");
  return depth === 0 ? "dashboard/assets/" : `${"../".repeat(depth - 1)}assets/`;
};

/** The page, as it is served at `path`; 304 when the browser has it already. */
export const pageResponse = ({ path, headers }: Call<unknown>): EndpointResult => {
  const text = pageHtml.replaceAll(assetsPlaceholder, assetsPath(path));
  const etag = `"${createHash("sha256").update(text).digest("hex").slice(0, 32)}"`;
  const answer = {
    "content-type": "text/html; charset=utf-8",
    // Kept, but asked about each time: a new build is seen at once.
    "cache-control": "no-cache",
    etag,
    ...securityHeaders,
  };
  return isCurrent(headers["if-none-match"], etag)
    ? { status: 304, headers: answer }
    : { status: 200, text, headers: answer };
};
