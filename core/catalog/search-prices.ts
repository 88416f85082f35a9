import { picoPerUsd } from "./cost.ts";

/**
 * One web search by Exa with the text of five results: 0.005 USD for up to 25 results, and 0.001 USD for each page of text.
 * Source: the standard prices in Exa's OpenAPI document (`CostDollars`), 2026-11-29.
 */
export const exaSearchPicoUsd: bigint = picoPerUsd / 100n;

/** How a search is named in usage. */
export const exaSearchModel = { id: "exa-search", provider: "exa" } as const;
