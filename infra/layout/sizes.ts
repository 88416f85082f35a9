import { parseAst } from "vite";

/** The sizes that the layout test limits: lines of a function and fields of a class. */

export const maxFunctionLines = 60;
export const maxClassFields = 8;

interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === "object" && value !== null && typeof (value as { readonly type?: unknown }).type === "string";

const children = (node: SyntaxNode): SyntaxNode[] =>
  Object.values(node)
    .flatMap((value: unknown): unknown[] => (Array.isArray(value) ? value : [value]))
    .filter(isNode);

const functionTypes = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

const isField = ({ type, static: isStatic, value }: SyntaxNode): boolean =>
  type === "PropertyDefinition" && isStatic !== true && !(isNode(value) && functionTypes.has(value.type));

/** The comment that ends right before a declaration, or an empty text. */
const commentBefore = (text: string, start: number): string => {
  const before = text.slice(0, start).trimEnd();
  return before.endsWith("*/") ? before.slice(before.lastIndexOf("/*")) : "";
};

/**
 * Functions and classes of a file that exceed a limit without a sentence in the doc comment of their declaration that
 * begins with `Length:` or `Fields:` and gives the reason.
 */
export const oversized = (file: string, text: string): string[] => {
  const found: string[] = [];
  const lines = ({ start, end }: SyntaxNode): number => text.slice(start, end).split("\n").length;
  const visit = (node: SyntaxNode, comment: string): void => {
    if (functionTypes.has(node.type) && lines(node) > maxFunctionLines && !comment.includes("Length: "))
      found.push(`${file}: a function of ${lines(node)} lines`);
    if (node.type === "ClassBody") {
      const fields = children(node).filter(isField).length;
      if (fields > maxClassFields && !comment.includes("Fields: ")) found.push(`${file}: a class of ${fields} fields`);
    }
    for (const child of children(node)) visit(child, comment);
  };
  const program = parseAst(text, { lang: file.endsWith("x") ? "tsx" : "ts" }) as unknown as SyntaxNode;
  for (const top of children(program)) visit(top, commentBefore(text, top.start));
  return found;
};
