import { describe, expect, it } from "vitest";
import { GatewayError } from "#core/errors.ts";
import { arenaChatSchema, battleSchema, fightSchema, toArenaRequest } from "#core/schemas/arena.ts";

const message = "Why is the sky blue?";
const asChat = (body: object) => {
  const parsed = arenaChatSchema.parse({ message, ...body });
  return toArenaRequest(parsed.mode, parsed);
};
const asFight = (body: object) => toArenaRequest("fight", fightSchema.parse({ message, ...body }));
const asBattle = (body: object) => toArenaRequest("battle", battleSchema.parse({ message, ...body }));

const refusal = (make: () => unknown): GatewayError => {
  try {
    make();
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error("It was not refused");
};

const eight = ["gpt", "claude", "gemini", "grok", "openai/a", "openai/b", "openai/c", "openai/d"];

describe("A request to the arena", () => {
  it("takes models as an array and as text with commas", () => {
    expect(asBattle({ models: " gpt , claude," }).models).toEqual(["gpt", "claude"]);
    expect(asBattle({ models: ["gpt", "claude"] }).models).toEqual(["gpt", "claude"]);
  });

  it("takes 2,000 characters and refuses more with INVALID_MESSAGE_LENGTH", () => {
    expect(asBattle({ message: "x".repeat(2_000) }).message).toHaveLength(2_000);
    expect(refusal(() => asBattle({ message: "x".repeat(2_001) }))).toMatchObject({
      code: "INVALID_MESSAGE_LENGTH",
      status: 400,
      param: "message",
      details: { maxCharacters: 2_000, characters: 2_001 },
    });
  });

  it("always streams a fight, and refuses one that must not", () => {
    expect(asFight({}).stream).toBe(true);
    expect(asChat({ mode: "fight" }).stream).toBe(true);
    expect(refusal(() => asFight({ stream: false })).code).toBe("STREAMING_REQUIRED");
    expect(refusal(() => asChat({ mode: "fight", stream: false })).code).toBe("STREAMING_REQUIRED");
    expect(asBattle({}).stream).toBe(false);
    expect(asChat({}).stream).toBe(false);
  });

  it("says what models are, where they are neither a list nor a text", () => {
    const { error } = battleSchema.safeParse({ message: "Hi", models: 5 });
    expect(error?.issues).toMatchObject([
      { path: ["models"], message: expect.stringContaining("array of model names") },
    ]);
  });

  it("lets models win over model, and refuses a limit that no run can keep", () => {
    expect(asChat({ model: "gpt", models: ["claude"] }).models).toEqual(["claude"]);
    expect(asFight({ maxCostUsd: 0.000_001 }).maxCostUsd).toBe(0.000_001);
    expect(() => asFight({ maxCostUsd: 1e-15 })).toThrow();
  });

  it("names the field that a wrong model stood in", () => {
    expect(refusal(() => asChat({ model: "gtp" }))).toMatchObject({ code: "INVALID_MODEL", param: "model" });
    expect(refusal(() => asChat({ models: ["gtp"] })).param).toBe("models[0]");
    expect(refusal(() => asChat({ mode: "battle", model: "gpt" })).param).toBe("model");
  });

  it("refuses a model twice, under its own name or another, except in multi-instance", () => {
    expect(refusal(() => asBattle({ models: "gpt,gpt" }))).toMatchObject({ code: "BAD_REQUEST", param: "models" });
    expect(refusal(() => asFight({ models: ["openai/gpt-5.2", "gpt-5.2"] }))).toMatchObject({
      param: "models",
      message: "openai/gpt-5.2 and gpt-5.2 are the same model: only multi-instance mode allows that.",
    });
    expect(asChat({ mode: "multi-instance", models: "gpt,gpt,gpt" }).models).toHaveLength(3);
    expect(asChat({ mode: "multi-instance", model: "claude" }).models).toEqual(["claude", "claude"]);
  });

  it("takes auto for any agent, twice in multi-instance only", () => {
    expect(asChat({ model: "auto" }).models).toEqual(["auto"]);
    expect(asBattle({ models: "auto,gpt" }).models).toEqual(["auto", "gpt"]);
    expect(asFight({ models: ["auto", "gpt", "claude"] }).models).toHaveLength(3);
    expect(asChat({ mode: "multi-instance", model: "auto" }).models).toEqual(["auto", "auto"]);
    expect(refusal(() => asBattle({ models: "auto,auto" })).param).toBe("models");
    expect(refusal(() => asChat({ mode: "multi-instance", models: "auto,nobody" })).code).toBe("INVALID_MODEL");
  });

  it("takes 2 to 8 agents for a fight, exactly 2 for a battle, 1 for a chat", () => {
    expect(asFight({ models: eight }).models).toHaveLength(8);
    expect(refusal(() => asFight({ models: [...eight, "openai/e"] })).param).toBe("models");
    expect(refusal(() => asFight({ models: ["gpt"] })).param).toBe("models");
    expect(refusal(() => asBattle({ models: eight })).param).toBe("models");
    expect(refusal(() => asChat({ models: "gpt,claude" })).param).toBe("models");
    expect(refusal(() => asBattle({ models: "," })).param).toBe("models");
  });

  it.each([[0], [6], [1.5], ["2"]])("refuses %s rounds", (rounds) => {
    expect(fightSchema.safeParse({ message, rounds }).success).toBe(false);
  });

  it.each([[1], [5]])("takes %s rounds", (rounds) => {
    expect(asFight({ rounds }).rounds).toBe(rounds);
  });

  it("names an unknown model", () => {
    expect(refusal(() => asFight({ models: ["gpt", "no-such-model"] }))).toMatchObject({
      code: "INVALID_MODEL",
      param: "models[1]",
    });
  });

  it("has a default for all but the message", () => {
    expect(asChat({})).toMatchObject({ mode: "chat", models: ["gpt"], search: false });
    expect(asBattle({})).toMatchObject({ models: ["gpt", "claude"], search: true });
    expect(asFight({})).toMatchObject({ rounds: 1, fightMode: "blind", models: ["gpt", "claude"] });
    expect(battleSchema.safeParse({}).success).toBe(false);
    expect(battleSchema.safeParse({ message: "" }).success).toBe(false);
  });

  it("refuses fields that it does not know", () => {
    expect(battleSchema.safeParse({ message, rounds: 2 }).success).toBe(false);
    expect(arenaChatSchema.safeParse({ message, mode: "duel" }).success).toBe(false);
  });
});
