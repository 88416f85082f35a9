import highlighter from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

/** Colors of code. Loaded with the first code block: see decision 0027. */

const languages = { bash, cpp, csharp, css, diff, go, java, json, python, rust, sql, typescript, xml, yaml } as const;
for (const [name, language] of Object.entries(languages)) highlighter.registerLanguage(name, language);
// TypeScript's grammar reads JavaScript as well.
highlighter.registerAliases(["js", "jsx", "javascript", "mjs"], { languageName: "typescript" });
highlighter.registerAliases(["sh", "shell", "console", "zsh"], { languageName: "bash" });
highlighter.registerAliases(["c", "h"], { languageName: "cpp" });

export interface Piece {
  readonly text: string;
  /** The innermost scope, such as `keyword`; empty for plain text. */
  readonly scope: string;
}

const characters: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#x27;": "'",
};

/** A longer block is shown plain: colors must not hold up the page. */
const charactersAtMost = 50_000;

/**
 * A code block in pieces; undefined where the language is not known. The library writes HTML of spans and escaped text: it is
 * taken apart here, so that no HTML reaches the document.
 */
export const highlight = (code: string, language: string): readonly Piece[] | undefined => {
  if (highlighter.getLanguage(language) === undefined || code.length > charactersAtMost) return undefined;
  const { value } = highlighter.highlight(code, { language, ignoreIllegals: true });
  const scopes: string[] = [];
  const pieces: Piece[] = [];
  for (const part of value.split(/(<span class="[^"]*">|<\/span>)/)) {
    if (part === "</span>") scopes.pop();
    else if (part.startsWith("<span ")) scopes.push(/hljs-([\w-]+)/.exec(part)?.[1] ?? "");
    else if (part !== "") {
      const text = part.replaceAll(/&(?:amp|lt|gt|quot|#x27);/g, (escaped) => characters[escaped] ?? escaped);
      pieces.push({ text, scope: scopes.at(-1) ?? "" });
    }
  }
  return pieces;
};
