import { describe, expect, it } from "vitest";
import { models } from "#core/catalog/models.ts";
import { chatProviderIds } from "#core/catalog/provider-ids.ts";
import { aliasesOf, closeMatches, findModel, resolveModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";
import { fc } from "#tests/support/property.ts";

const refusal = (name: string, param?: string): GatewayError => {
  try {
    resolveModel(name, param);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error(`${name} was resolved`);
};

describe("resolveModel", () => {
  it("finds every model by its id and by provider/id", () => {
    for (const model of models) {
      const found = { id: model.id, provider: model.provider, providerModel: model.providerModel, catalog: model };
      expect(resolveModel(model.id)).toEqual(found);
      expect(resolveModel(`${model.provider}/${model.providerModel}`)).toEqual(found);
    }
  });

  it("finds the successor of a provider's former id as well", () => {
    expect(resolveModel("x-ai/grok-4-1-fast").id).toBe("grok-4.3");
    expect(resolveModel("anthropic/claude-haiku-4-5").id).toBe("claude-haiku-4-5-20251001");
  });

  it("passes an id that it does not know through to its provider, with no price of a cousin", () => {
    expect(resolveModel("openrouter/qwen/qwen3-coder:free")).toEqual({
      id: "openrouter/qwen/qwen3-coder:free",
      provider: "openrouter",
      providerModel: "qwen/qwen3-coder:free",
      catalog: undefined,
    });
    expect(resolveModel("openai/gpt-5.2-2025-12-11").catalog).toBeUndefined();
    expect(resolveModel("openai/constructor").catalog).toBeUndefined();
  });

  it.each([
    "gpt-5.2 ",
    "GPT-5.2",
    "gpt-5",
    "gpt-5.20",
    "openai",
    "openai/",
    "/gpt-5.2",
    "OpenAI/gpt-5.2",
    "deepseek/deepseek-v9",
    "constructor",
    "__proto__",
    "toString",
    "openai/gpt 5",
    "openai/a\nb",
    `openai/${"x".repeat(161)}`,
  ])("guesses nothing: %j", (name) => {
    // `gpt-5` is a model of its own and must not be taken for another one.
    if (findModel(name) !== undefined) expect(resolveModel(name).id).toBe(name);
    else expect(refusal(name)).toMatchObject({ code: "INVALID_MODEL", status: 400, param: "model" });
  });

  it("names close matches in the message and in the details, and the field that was wrong", () => {
    const error = refusal("gpt-4o-mni", "fallback[1]");
    expect(error.param).toBe("fallback[1]");
    expect(error.message).toContain("gpt-4o-mini");
    expect(error.details.suggestions).toContain("gpt-4o-mini");
    expect(refusal("sonnet").message).toContain("claude-sonnet");
  });

  it("suggests nothing for what is near to nothing, and three names at most", () => {
    expect(closeMatches("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")).toEqual([]);
    expect(refusal("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz").message).not.toContain("Did you mean");
    expect(closeMatches("g").length).toBeLessThanOrEqual(3);
  });

  it("takes any text: it answers with a model whose id is safe in a header, or refuses", () => {
    const name = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc
        .tuple(fc.constantFrom(...chatProviderIds), fc.string({ unit: "binary", maxLength: 200 }))
        .map((parts) => parts.join("/")),
    );
    fc.assert(
      fc.property(name, (text) => {
        try {
          expect(resolveModel(text).id).toMatch(/^[\x21-\x7e]+$/);
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID_MODEL" });
        }
      }),
    );
  });
});

describe("findModel and aliasesOf", () => {
  it("lead from a model to its names and back", () => {
    for (const { id } of models) for (const alias of aliasesOf(id)) expect(findModel(alias)?.id).toBe(id);
    expect(aliasesOf("grok-4.3")).toEqual(["grok", "grok-4-1-fast"]);
    expect(findModel("no-such")).toBeUndefined();
    expect(findModel("constructor")).toBeUndefined();
  });
});
