import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, test } from "vitest";
import { resolveEmbeddingModel } from "#core/catalog/resolve-embedding.ts";
import { checkEmbeddingRequest, embeddingSize, embeddingTokens, toEmbeddingBody } from "#core/embeddings/to-request.ts";
import { tokenBound } from "#core/generation/token-bound.ts";
import { embeddingRequestSchema } from "#core/schemas/embeddings.ts";
import { linesOf, walkedBlock } from "#tests/support/directed-text.ts";
import { fc } from "#tests/support/property.ts";

const request = (fields: Record<string, unknown>) =>
  embeddingRequestSchema.parse({ model: "x", input: "Hi", ...fields });

describe("the request's schema", () => {
  test.each(["text", ["a", "b"], [1, 2, 3], [[1, 2], [3]]])("takes the input %j", (input) => {
    expect(request({ input }).input).toEqual(input);
  });

  test.each(["", [], [""], ["a", 1], [[]], [1.5], [-1], {}, undefined, Array.from({ length: 2_049 }, () => "a")])(
    "refuses the input %j",
    (input) => {
      expect(embeddingRequestSchema.safeParse({ model: "x", input }).success).toBe(false);
    },
  );
});

describe("what a model cannot do is a 400 that names the field", () => {
  test.each([
    ["text-embedding-3-small", { dimensions: 1_537 }, "dimensions"],
    ["text-embedding-ada-002", { dimensions: 100 }, "dimensions"],
    ["gemini-embedding-2", { input: [1, 2] }, "input"],
    ["google/another", { input: [[1]] }, "input"],
  ])("%s with %j", (model, fields, param) => {
    expect(() => checkEmbeddingRequest(request(fields), resolveEmbeddingModel(model))).toThrow(
      expect.objectContaining({ status: 400, param }),
    );
  });

  test.each([
    ["text-embedding-3-large", { dimensions: 256, input: [1, 2] }],
    ["gemini-embedding-2", { dimensions: 768 }],
    ["openai/another", { dimensions: 100_000 }],
  ])("%s with %j is fine", (model, fields) => {
    expect(() => checkEmbeddingRequest(request(fields), resolveEmbeddingModel(model))).not.toThrow();
  });

  test.each(["gpt-5.2", "claude", "anthropic/x", "nothing"])("there is no embedding model %s", (name) => {
    expect(() => resolveEmbeddingModel(name)).toThrow(
      expect.objectContaining({ code: "INVALID_MODEL", param: "model" }),
    );
  });
});

describe("the provider's body", () => {
  test("is the caller's at OpenAI, unknown fields too, with the format named", () => {
    const model = resolveEmbeddingModel("openai/text-embedding-3-small");
    expect(toEmbeddingBody(request({ dimensions: 5, user: "u", later: 1 }), model)).toEqual({
      body: {
        model: "text-embedding-3-small",
        input: "Hi",
        dimensions: 5,
        user: "u",
        later: 1,
        encoding_format: "float",
      },
      warnings: [],
    });
    expect(toEmbeddingBody(request({ encoding_format: "base64" }), model).body.encoding_format).toBe("base64");
  });

  test("has no field at Google that its endpoint would refuse, and says so", () => {
    const shaped = toEmbeddingBody(
      request({ user: "u", dimensions: 5, encoding_format: "base64", later: 1 }),
      resolveEmbeddingModel("gemini-embedding-2"),
    );
    expect(shaped.body).toEqual({ model: "gemini-embedding-2", input: "Hi", dimensions: 5, encoding_format: "float" });
    expect([...shaped.warnings].sort()).toEqual(["later", "user"]);
  });
});

describe("the most tokens that can be billed", () => {
  test.each([
    [[1, 2], 2],
    [[[1], [2, 3]], 3],
  ])("of the tokens %j are %i", (input, tokens) => {
    expect(embeddingTokens(request({ input }), "openai")).toBe(tokens);
  });

  test("of text are a bound, with a margin for Gemini's tokenizer", () => {
    const input = "The quick brown fox jumps over the lazy dog. ".repeat(20);
    expect(embeddingTokens(request({ input }), "openai")).toBeGreaterThanOrEqual(200);
    expect(embeddingTokens(request({ input: [input, input] }), "openai")).toBeGreaterThanOrEqual(400);
    expect(embeddingTokens(request({ input }), "google")).toBeGreaterThan(
      embeddingTokens(request({ input }), "openai"),
    );
  });

  const model = resolveEmbeddingModel("text-embedding-3-small");
  const reservedOf = async (input: unknown): Promise<number> => {
    const size = await embeddingSize(request({ input }), model);
    return (size.reservedTokens ?? size.inputTokens)(model);
  };

  test("are reserved for a text that is made against the bound, of any length", async () => {
    const ratioOf = (text: string): number => tokenBound(text) / encode(text).length;
    const block = walkedBlock({ letters: "abcdefghijklmnopqrstuvwxyz", seed: 9, steps: 800, ratioOf });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 200 }), async (lines, count) => {
        const made = linesOf(block, lines);
        const input = Array.from({ length: count }, () => made);
        const trueTokens = count * encode(made).length;
        expect(embeddingTokens(request({ input }), "openai")).toBeLessThan(0.75 * trueTokens);
        expect(await reservedOf(input)).toBeGreaterThanOrEqual((10 / 11) * trueTokens);
      }),
      { numRuns: 20 },
    );
  });

  test("are a token for each byte where that costs little more, and as they were for long prose and tokens", async () => {
    const words = "The quick brown fox jumps over the lazy dog. ";
    expect(await reservedOf(words)).toBe(words.length + 2);
    for (const input of [words.repeat(60_000), [Array(30_000).fill(1)]]) {
      expect(await reservedOf(input)).toBe(embeddingTokens(request({ input }), "openai"));
    }
  });
});
