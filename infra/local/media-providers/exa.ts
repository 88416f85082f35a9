import { randomUUID } from "node:crypto";
import { isJsonObject, type JsonObject, numberOf, objectOf, stringOf } from "#infra/local/providers/json.ts";
import { shortened } from "#infra/local/providers/text-pieces.ts";
import { failInstead, keyProblem, type MediaExchange, sendJson, type WordError } from "./media-exchange.ts";

/**
 * Exa's POST /search. Nothing is searched: the pages are made up of the query, lie under example.com, and each says so in its
 * title and text. Dates, domains and categories are accepted and change nothing.
 */

const requestId = (): string => randomUUID().replaceAll("-", "");

const tags: Readonly<Record<number, string>> = {
  400: "INVALID_REQUEST_BODY",
  401: "INVALID_API_KEY",
  402: "NO_MORE_CREDITS",
  403: "ACCESS_DENIED",
  404: "NOT_FOUND",
  429: "RATE_LIMIT_EXCEEDED",
};

const word: WordError = (status, code, message) => ({
  requestId: requestId(),
  error: message,
  tag: code ?? tags[status] ?? "INTERNAL_ERROR",
});

const searchTypes: ReadonlySet<unknown> = new Set(["auto", "neural", "fast", "instant", "deep", "deep-reasoning"]);
const defaultResults = 10;
const mostResults = 100;
/** A page that a search without a limit gives whole. */
const pageCharacters = 1_200;

/** Why Exa would refuse a search. */
const faultOf = ({ query, type, numResults, contents }: JsonObject): string | undefined => {
  if (stringOf(query).trim() === "")
    return "Invalid request body | query: a string of at least 1 character is required";
  if (type !== undefined && !searchTypes.has(type)) return "Invalid request body | type: unknown search type";
  const count = numResults ?? defaultResults;
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > mostResults) {
    return `Invalid request body | numResults: a whole number from 1 to ${mostResults} is required`;
  }
  if (contents !== undefined && !isJsonObject(contents)) return "Invalid request body | contents: must be an object";
  return undefined;
};

const slugOf = (query: string): string =>
  query
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 60);

const pageText = (query: string, number: number): string => {
  const sentence = `This is simulated page ${number}: nothing was searched, and it knows nothing about “${query}”. `;
  return sentence.repeat(Math.ceil(pageCharacters / sentence.length)).slice(0, pageCharacters);
};

/** What of a page is asked for: its text, whole or cut, and passages of it. */
const contentsOf = (contents: JsonObject, text: string): JsonObject => {
  const { text: wanted, highlights } = contents;
  const most = numberOf(objectOf(wanted).maxCharacters) ?? text.length;
  return {
    ...(wanted === true || isJsonObject(wanted) ? { text: text.slice(0, most) } : {}),
    ...(highlights === true || isJsonObject(highlights)
      ? { highlights: [text.slice(0, 200)], highlightScores: [0.5] }
      : {}),
  };
};

const resultOf = (query: string, contents: JsonObject, number: number): JsonObject => {
  const url = encodeURI(`https://example.com/simulated-search/${slugOf(query)}/${number}`);
  return {
    id: url,
    url,
    title: `Simulated result ${number}: ${shortened(query, 80)}`,
    publishedDate: "2026-01-02T03:04:05.000Z",
    author: null,
    score: 1 / (number + 1),
    ...contentsOf(contents, pageText(query, number)),
  };
};

/** Answers as Exa would. */
export const answerExa = async (exchange: MediaExchange): Promise<void> => {
  const { request, method, path, body } = exchange;
  const refuse = (status: number, message: string): void =>
    sendJson(exchange, status, word(status, undefined, message));
  if (keyProblem(request) !== undefined) return refuse(401, "Invalid API key");
  if (method !== "POST" || path !== "/search") return refuse(404, `Cannot ${method} ${path}`);
  const fault = faultOf(body);
  if (fault !== undefined) return refuse(400, fault);
  if (await failInstead(exchange, word)) return;
  const query = stringOf(body.query).trim();
  const count = numberOf(body.numResults) ?? defaultResults;
  sendJson(exchange, 200, {
    requestId: requestId(),
    searchType: "neural",
    results: Array.from({ length: count }, (_, index) => resultOf(query, objectOf(body.contents), index + 1)),
    costDollars: { total: 0.007 },
  });
};
