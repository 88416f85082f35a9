import { lexer, type Token, type Tokens } from "marked";
import type { ComponentChildren, JSX } from "preact";
import { CodeBlock } from "./code-block.tsx";

/**
 * Markdown from a model, as elements. The parser's tokens become virtual nodes, so no HTML of the text ever reaches the
 * document: markup in it is shown as text. Images are not loaded, since a prompt injection could send data in an address.
 */

/** A link leaves the dashboard only after a question, and only for the web or mail. */
const LinkOut = ({ href, children }: { href: string; children: ComponentChildren }) =>
  /^(https?:|mailto:)/i.test(href) ? (
    <a
      href={href}
      target="_blank"
      rel="noopener noreferrer"
      onClick={(event) => {
        if (!confirm(`Open this link from the answer?\n\n${href}`)) event.preventDefault();
      }}
    >
      {children}
    </a>
  ) : (
    <span>{children}</span>
  );

const inline = (tokens: readonly Token[] | undefined): ComponentChildren => tokens?.map(toInline);

const toInline = (token: Token, key: number): JSX.Element => {
  switch (token.type) {
    case "strong":
      return <strong key={key}>{inline(token.tokens)}</strong>;
    case "em":
      return <em key={key}>{inline(token.tokens)}</em>;
    case "del":
      return <del key={key}>{inline(token.tokens)}</del>;
    case "codespan":
      return <code key={key}>{token.text}</code>;
    case "br":
      return <br key={key} />;
    case "link":
      return (
        <LinkOut key={key} href={token.href}>
          {inline(token.tokens)}
        </LinkOut>
      );
    case "image":
      return (
        <LinkOut key={key} href={token.href}>
          Image: {token.text === "" ? "no description" : token.text}
        </LinkOut>
      );
    case "text":
      return <span key={key}>{token.tokens === undefined ? token.text : inline(token.tokens)}</span>;
    default:
      return <span key={key}>{"text" in token && token.type === "escape" ? token.text : token.raw}</span>;
  }
};

const TableBlock = ({ header, rows, align }: Tokens.Table) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
  <section class="table-scroll" tabIndex={0} aria-label="Table">
    <table>
      <thead>
        <tr>
          {header.map((cell, index) => (
            <th key={index} scope="col" style={{ textAlign: align[index] ?? "start" }}>
              {inline(cell.tokens)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, line) => (
          <tr key={line}>
            {row.map((cell, index) => (
              <td key={index} style={{ textAlign: align[index] ?? "start" }}>
                {inline(cell.tokens)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

const ListBlock = ({ list: { ordered, start, items }, below }: { list: Tokens.List; below: number }) => {
  const content = items.map((item, index) => (
    <li key={index}>
      {item.task === true ? (item.checked === true ? "☑ " : "☐ ") : null}
      {blocks(item.tokens, below)}
    </li>
  ));
  return ordered ? <ol start={typeof start === "number" ? start : 1}>{content}</ol> : <ul>{content}</ul>;
};

const toBlock = (token: Token, key: number, below: number): JSX.Element | null => {
  switch (token.type) {
    case "space":
    case "def":
    case "checkbox":
      return null;
    case "heading": {
      // The page's own headings come first: a model's start below them.
      const Heading = `h${Math.min(6, token.depth + below)}` as "h3" | "h4" | "h5" | "h6";
      return <Heading key={key}>{inline(token.tokens)}</Heading>;
    }
    case "paragraph":
      return <p key={key}>{inline(token.tokens)}</p>;
    case "code":
      return <CodeBlock key={key} text={token.text} lang={token.lang} />;
    case "blockquote":
      return <blockquote key={key}>{blocks(token.tokens, below)}</blockquote>;
    case "list":
      return <ListBlock key={key} list={token as Tokens.List} below={below} />;
    case "table":
      return <TableBlock key={key} {...(token as Tokens.Table)} />;
    case "hr":
      return <hr key={key} />;
    case "text":
      return toInline(token, key);
    default:
      return <p key={key}>{token.raw}</p>;
  }
};

/** `below`: the level of the heading that the text stands under. */
const blocks = (tokens: readonly Token[] | undefined, below: number): ComponentChildren =>
  tokens?.map((token, key) => toBlock(token, key, below));

interface MarkdownProps {
  readonly text: string;
  readonly growing?: boolean;
  /** The level of the heading above, 2 by default: the text's own begin one lower. */
  readonly below?: number;
}

export const Markdown = ({ text, growing = false, below = 2 }: MarkdownProps) => (
  <div class={growing ? "markdown growing" : "markdown"}>{blocks(lexer(text, { gfm: true, breaks: true }), below)}</div>
);
