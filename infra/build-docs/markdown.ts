import path from "node:path";
import { Marked, type Tokens } from "marked";
import { escapeHtml } from "./html.ts";

/** Our own Markdown as HTML: headings with GitHub's anchors, links between pages, and frames for what scrolls. */

/** Where a page's links begin; replaced by the way from the page's own address. */
export const docsRoot = "%DOCS%";

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");

/** A file below docs/ as its page: `guide/chat.md` is `guide/chat`, a README is its folder. */
export const pageOf = (file: string): string => file.replace(/\.md$/, "").replace(/(^|\/)README$/, "");

/** The address of a link on a page, or undefined where it leads to no page: a source file has none. */
const addressOf = (file: string, href: string, files: ReadonlySet<string>): string | undefined => {
  if (/^(https?:|mailto:|#)/.test(href)) return href;
  const [target = "", anchor] = href.split("#");
  const linked = path.posix.normalize(path.posix.join(path.posix.dirname(file), decodeURIComponent(target)));
  // A folder is found in the list of pages.
  if (!files.has(linked)) return files.has(`${linked}/README.md`) ? `${docsRoot}${linked}` : undefined;
  return `${docsRoot}${pageOf(linked)}${anchor === undefined ? "" : `#${anchor}`}`;
};

const scrolling = (html: string): string => `<div class="scroll" tabindex="0" role="group">${html}</div>`;

export interface Rendered {
  readonly title: string;
  readonly html: string;
}

/** @param file path below docs/ @param files all of them: links to others are plain text */
export const renderMarkdown = (text: string, file: string, files: ReadonlySet<string>): Rendered => {
  const anchors = new Set<string>();
  let title = "";
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth, text: heading }: Tokens.Heading) {
        const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
        if (depth === 1) title = plain.replaceAll("`", "");
        const anchor = anchorOf(plain);
        let unique = anchor;
        for (let count = 1; anchors.has(unique); count += 1) unique = `${anchor}-${count}`;
        anchors.add(unique);
        return `<h${depth} id="${escapeHtml(unique)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const words = this.parser.parseInline(tokens);
        const address = addressOf(file, href, files);
        return address === undefined ? words : `<a href="${escapeHtml(address)}">${words}</a>`;
      },
      // The pages load nothing but their own two files.
      image({ text: words }: Tokens.Image) {
        return escapeHtml(words);
      },
      code({ text: code }: Tokens.Code) {
        return `<pre tabindex="0"><code>${escapeHtml(code)}</code></pre>\n`;
      },
      html({ text: html }: Tokens.HTML | Tokens.Tag) {
        return html.startsWith("<!--") ? "" : escapeHtml(html);
      },
    },
  });
  const html = String(marked.parse(text)).replaceAll(/<table>[\s\S]*?<\/table>/g, scrolling);
  return { title, html };
};

/** One line of Markdown, such as a description: code and emphasis. */
export const renderInline = (text: string): string => String(new Marked({ gfm: true }).parseInline(escapeHtml(text)));
