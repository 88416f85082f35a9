import { createHash } from "node:crypto";
import type { Call } from "#core/http/request-state.ts";
import type { EndpointResult } from "#core/http/response.ts";
import { isCurrent } from "../dashboard/is-current.ts";
import { securityHeaders } from "../dashboard/security-headers.ts";
import { layout } from "./layout.generated.js";

/** The way from a page's address to the root of the documentation: `/docs` → `docs/`, `/docs/guide/chat` → `../`. */
export const docsPath = (path: string): string => {
  const segments = path.split("/");
  const depth = segments.length - 1 - segments.indexOf("docs");
  return depth === 0 ? "docs/" : depth === 1 ? "./" : "../".repeat(depth - 1);
};

interface Page {
  readonly title: string;
  readonly html: string;
}

/** A page as it is served at the call's path; 304 when the browser has it already. */
export const docsResponse = ({ path, headers }: Call<unknown>, { title, html }: Page): EndpointResult => {
  // Functions, since a text may hold what `replace` takes for a pattern.
  const text = layout
    .replace("%TITLE%", () => title)
    .replace("%BODY%", () => html)
    .replaceAll("%DOCS%", () => docsPath(path));
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
