import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { fromUsd } from "#core/catalog/cost.ts";
import { models } from "#core/catalog/models.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { chatSize, reservedSize } from "#core/chat/call-size.ts";
import { config } from "#core/config.ts";
import { callReserve, costForReserve } from "#core/generation/reservation.ts";
import { tokenBound } from "#core/generation/token-bound.ts";
import { type ChatRequest, chatRequestSchema } from "#core/schemas/chat.ts";
import { linesOf, walkedBlock } from "#tests/support/directed-text.ts";
import { fc } from "#tests/support/property.ts";

const counted = (text: string): number => encode(text, { disallowedSpecial: new Set() }).length;
const ratioOf = (text: string): number => tokenBound(text) / counted(text);
const directed = walkedBlock({ letters: "abcdefghijklmnopqrstuvwxyz", seed: 3, steps: 800, ratioOf });
const words = "The quick brown fox jumps over the lazy dog, again and again.\n";
const gpt = resolveModel("gpt-5.5");

const request = (content: string, fields: object = {}): ChatRequest =>
  chatRequestSchema.parse({ model: "gpt-5.5", max_tokens: 16, messages: [{ role: "user", content }], ...fields });
const inputCost = (inputTokens: number): bigint => costForReserve(gpt.catalog, { ...noTokens, inputTokens });
const reserveOf = async (asked: ChatRequest, native?: Record<string, unknown>): Promise<bigint> =>
  callReserve(gpt, await reservedSize(chatSize(asked, native), [gpt])).picoUsd;

describe("what is reserved for an input", () => {
  it("covers 10 of 11 tokens of a text made against the bound, of any length", async () => {
    expect(ratioOf(linesOf(directed, 30))).toBeLessThan(0.75);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (lines) => {
        const text = linesOf(directed, lines);
        expect(await reserveOf(request(text))).toBeGreaterThanOrEqual((inputCost(counted(text)) * 10n) / 11n);
      }),
      { numRuns: 20 },
    );
  });

  it("covers it wherever it stands: a file, a tool, a prediction, the body as it came", async () => {
    const text = linesOf(directed, 200);
    const cost = (inputCost(counted(text)) * 10n) / 11n;
    const file = { filename: "a.txt", file_data: `data:text/plain;base64,${Buffer.from(text).toString("base64")}` };
    const parameters = { type: "object", properties: { a: { type: "string", description: text } } };
    const prediction = { type: "content", content: text };
    const asked = [
      request("", { messages: [{ role: "user", content: [{ type: "file", file }] }] }),
      request("", { tools: [{ type: "function", function: { name: "a", parameters } }] }),
      request("", { prediction }),
    ];
    for (const each of asked) expect(await reserveOf(each)).toBeGreaterThanOrEqual(cost);
    expect(await reserveOf(request(""), { instructions: text })).toBeGreaterThanOrEqual(cost);
    const predicted = await reservedSize(chatSize(request("", { prediction })), [gpt]);
    expect(predicted.predictionTokens).toBeGreaterThanOrEqual((counted(text) * 10) / 11);
  });

  it("is a token for each byte where that is little: never a tenth of the request's share of the cap more", async () => {
    const share = fromUsd(config.dailySpendCapUsd() / config.maxOpenRequests());
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...models), fc.nat(4_000), async ({ id }, length) => {
        const model = resolveModel(id);
        const size = chatSize(request(words.repeat(Math.ceil(length / words.length)).slice(0, length)));
        const more =
          callReserve(model, await reservedSize(size, [model])).leastPicoUsd - callReserve(model, size).leastPicoUsd;
        expect(more).toBeGreaterThanOrEqual(0n);
        expect(more * 10n).toBeLessThanOrEqual(share);
      }),
    );
    expect(await reserveOf(request(words))).toBeGreaterThanOrEqual(inputCost(words.length));
  });

  it("is what it was for long prose, and what is estimated and counted of a short one stays as it was", async () => {
    const long = chatSize(request(words.repeat(5_000)));
    expect((await reservedSize(long, [gpt])).inputTokens(gpt)).toBe(long.inputTokens(gpt));
    const short = chatSize(request(words));
    expect((await reservedSize(short, [gpt])).inputTokens(gpt)).toBe(short.inputTokens(gpt));
  });
});
