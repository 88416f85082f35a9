import { escapeHtml } from "./html.ts";
import { docsRoot } from "./markdown.ts";

/** The frame around every page: plain HTML that needs no script. Placeholders are filled when a page is served. */

export const titlePlaceholder = "%TITLE%";
export const bodyPlaceholder = "%BODY%";

export interface NavigationGroup {
  readonly title: string;
  readonly pages: readonly { readonly path: string; readonly title: string }[];
  /** Shown without being unfolded. */
  readonly open: boolean;
}

const groupOf = ({ title, pages, open }: NavigationGroup): string =>
  `<details${open ? " open" : ""}><summary>${escapeHtml(title)}</summary><ul>${pages
    .map(({ path, title: name }) => `<li><a href="${docsRoot}${path}">${escapeHtml(name)}</a></li>`)
    .join("")}</ul></details>`;

export const toLayout = (groups: readonly NavigationGroup[], script: string, style: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>${titlePlaceholder} · Concurred</title><link rel="stylesheet" href="${docsRoot}assets/${style}"><script src="${docsRoot}assets/${script}" defer></script></head><body><a class="skip" href="#content">Skip to the content</a><header><a class="home" href="${docsRoot}../docs">Concurred docs</a><nav aria-label="Site"><a href="${docsRoot}models">Models</a> <a href="${docsRoot}../dashboard">Dashboard</a></nav></header><div class="columns"><nav class="side" aria-label="Documentation"><details class="side-fold" open><summary>All pages</summary>${groups.map(groupOf).join("")}</details></nav><main id="content" tabindex="-1">${bodyPlaceholder}</main></div></body></html>`;
