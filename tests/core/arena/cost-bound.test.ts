import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { withinCost } from "#core/arena/cost-bound.ts";
import { fromUsd } from "#core/catalog/cost.ts";
import { models } from "#core/catalog/models.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { chatSize } from "#core/chat/call-size.ts";
import { GatewayError } from "#core/errors.ts";
import { callReserve, costForReserve } from "#core/generation/reservation.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { fc } from "#tests/support/property.ts";

/** What `maxCostUsd` makes of a single answer's request. */

const caller = { principal: { kind: "key", userId: "user_1", keyId: "key_1" }, providerKeySlug: undefined } as const;
const unknown = "x-ai/nobody-knows";
const requestOf = (model: string, length = 40, maxTokens?: number): ChatRequest => ({
  model,
  messages: [{ role: "user", content: "x".repeat(length) }],
  ...(maxTokens === undefined ? {} : { max_completion_tokens: maxTokens }),
});

/** The most that the request may cost at one of its models. */
const mostAt = (model: string, request: ChatRequest): bigint => {
  const resolved = resolveModel(model);
  const outputTokens = request.max_completion_tokens ?? resolved.catalog?.maxOutputTokens ?? 0;
  return callReserve(resolved, { ...chatSize(request), outputTokens }).picoUsd;
};

describe("A single answer within maxCostUsd", () => {
  beforeEach(() => {
    for (const name of ["OpenaiApiKey", "AnthropicApiKey", "GoogleApiKey", "XaiApiKey"])
      vi.stubEnv(`SST_RESOURCE_${name}`, JSON.stringify({ value: "a-key" }));
  });
  afterEach(() => vi.unstubAllEnvs());

  it("costs no more at any model that may serve, an unknown price being the highest, or is refused", () => {
    const names = fc.constantFrom("auto", unknown, ...models.map(({ id }) => id));
    const money = fc.integer({ min: 1, max: 2_000_000 }).map((microUsd) => microUsd / 1_000_000);
    const tokens = fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined });
    const length = fc.integer({ min: 1, max: 400_000 });
    fc.assert(
      fc.property(names, length, tokens, money, (name, characters, maxTokens, maxCostUsd) => {
        const request = requestOf(name, characters, maxTokens);
        try {
          const { body } = withinCost(request, maxCostUsd, caller);
          for (const model of [body.model, ...(body.fallback ?? [])]) {
            expect(mostAt(model, body)).toBeLessThanOrEqual(fromUsd(maxCostUsd));
          }
          expect(body.max_completion_tokens ?? 0).toBeLessThanOrEqual(maxTokens ?? Number.POSITIVE_INFINITY);
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
        }
      }),
    );
  });

  it("costs no more by an independent count of its input, in scripts whose characters are a token or more each", () => {
    for (const word of ["統計的な機械翻訳", "😀🧪", "안녕하세요", "0x9f3a==", "Straße "]) {
      const content = word.repeat(2_000);
      const request: ChatRequest = { model: "gpt-5.2", messages: [{ role: "user", content }] };
      const { body } = withinCost(request, 0.2, caller);
      const inputTokens = encode(content).length;
      const cost = costForReserve(resolveModel("gpt-5.2").catalog, {
        ...noTokens,
        inputTokens,
        outputTokens: body.max_completion_tokens ?? 0,
      });
      expect(cost).toBeLessThanOrEqual(fromUsd(0.2));
    }
  });

  it("gets every token that the money buys", () => {
    const { body, byCost } = withinCost(requestOf("gpt-5.2"), 0.01, caller);
    const more = { ...body, max_completion_tokens: (body.max_completion_tokens ?? 0) + 1 };
    expect(byCost).toBe(true);
    expect(mostAt("gpt-5.2", more)).toBeGreaterThan(fromUsd(0.01));
  });

  it("is refused when the input alone costs more, or leaves less than the shortest answer, naming the field", () => {
    const refused = expect.objectContaining({ code: "BAD_REQUEST", status: 400, param: "maxCostUsd" });
    const input = requestOf("gpt-5.2", 100_000);
    expect(() => withinCost(input, 0.000_001, caller)).toThrow(refused);
    const inputOnly = Number(mostAt("gpt-5.2", { ...input, max_completion_tokens: 0 }) / 1_000_000n) / 1_000_000;
    expect(() => withinCost(input, inputOnly, caller)).toThrow(refused);
    expect(withinCost(input, inputOnly + 0.001, caller).byCost).toBe(true);
  });

  it("is left as it is by more money than it can cost: no limit over the model's own, the caller's own kept", () => {
    expect(withinCost(requestOf("gpt-5.2"), 1_000, caller)).toMatchObject({ byCost: false });
    expect(withinCost(requestOf("gpt-5.2"), 1_000, caller).body.max_completion_tokens).toBeUndefined();
    expect(withinCost(requestOf("gpt-5.2", 40, 20), 1, caller)).toMatchObject({
      byCost: false,
      body: { max_completion_tokens: 20 },
    });
  });

  it("names the models of auto, so that the limit does not lead to others, and is kept by the most expensive of them", () => {
    const { body } = withinCost(requestOf("auto"), 0.001, caller);
    expect(body.model).not.toBe("auto");
    expect(body.fallback).toHaveLength(2);
    for (const model of [body.model, ...(body.fallback ?? [])])
      expect(mostAt(model, body)).toBeLessThanOrEqual(fromUsd(0.001));
  });
});
