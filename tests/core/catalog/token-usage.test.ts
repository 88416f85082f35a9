import { expect, it } from "vitest";
import { noTokens } from "#core/catalog/token-usage.ts";

it("no tokens are none of every kind, and no estimate", () => {
  expect(noTokens).toEqual({
    inputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    longCacheWriteInputTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    estimated: false,
  });
});
