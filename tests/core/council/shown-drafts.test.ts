import { describe, expect, it } from "vitest";
import { labelled, shownCharacters, withoutOwnName } from "#core/council/shown-drafts.ts";
import { agentsOf, answerOf } from "#tests/core/arena/scripted-run.ts";

describe("A draft without its own name", () => {
  it.each([
    ["I am GPT-5 and say 391.", "I am a model and say 391."],
    ["I'm Claude, made by Anthropic.", "I'm a model, made by a model."],
    ["As an AI trained by OpenAI, no.", "As an AI trained by a model, no."],
    ["Claude Sonnet 5.5: it is 391.", "A model: it is 391."],
    ["**GPT-6's answer:** 391", "**A model:** 391"],
    ["391\n— Gemini", "391\n— a model"],
  ])("%j is shown as %j", (text, shown) => expect(withoutOwnName(text)).toBe(shown));

  it.each([
    "As Claude Shannon showed, a bit is enough.",
    "Gemini is a constellation.",
    "GPT-5 costs more than Claude.",
  ])("keeps what it says of others: %s", (text) => expect(withoutOwnName(text)).toBe(text));
});

describe("Labelled drafts", () => {
  const drafts = agentsOf("a", "b", "c").map((agent, index) => answerOf(agent, `Draft ${index} ${"x".repeat(9_000)}`));

  it("are cut at one length", () => {
    for (const { text } of labelled(drafts, "seed")) expect(text.length).toBeLessThanOrEqual(shownCharacters + 4);
  });

  it("have the same letters for the same run", () => {
    expect(labelled(drafts, "seed")).toEqual(labelled(drafts.toReversed(), "seed"));
  });
});
