import { Problem } from "./problem.ts";

/**
 * Whether the granted permissions satisfy a query such as `documents.read AND (documents.write OR admin)`. AND binds
 * tighter than OR. A granted `documents.*` covers `documents.read`.
 * @throws Problem 400 when the query cannot be read.
 */
export const permits = (query: string, granted: readonly string[]): boolean => {
  const tokens = query.match(/[()]|[^\s()]+/g) ?? [];
  let position = 0;
  const isNext = (word: string): boolean => tokens[position]?.toUpperCase() === word;
  const term = (): boolean => {
    const token = tokens[position++];
    if (token === "(") {
      const inner = anyOf();
      if (tokens[position++] !== ")") throw syntaxError();
      return inner;
    }
    if (token === undefined || /^(?:\)|and|or)$/i.test(token) || !/^[\w:\-.*]+$/.test(token)) throw syntaxError();
    return granted.some((permission) => covers(permission, token));
  };
  const allOf = (): boolean => {
    let result = term();
    while (isNext("AND")) {
      position++;
      const right = term();
      result &&= right;
    }
    return result;
  };
  const anyOf = (): boolean => {
    let result = allOf();
    while (isNext("OR")) {
      position++;
      const right = allOf();
      result ||= right;
    }
    return result;
  };
  const result = anyOf();
  if (position !== tokens.length) throw syntaxError();
  return result;
};

const covers = (permission: string, wanted: string): boolean =>
  permission === wanted || (permission.endsWith("*") && wanted.startsWith(permission.slice(0, -1)));

const syntaxError = (): Problem =>
  new Problem(
    "badRequest",
    "user/bad_request/permissions_query_syntax_error",
    "The permissions query could not be read.",
  );
