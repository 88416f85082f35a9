import type { AgentAnswer } from "#core/arena/agent.ts";
import { quoted } from "#core/arena/quoted.ts";
import { labelOf, seededRandom, shuffled } from "#core/arena/shuffle.ts";

/**
 * Drafts as judges see them: without names, in an order that only chance decides, none longer than another may be.
 * Labels stay with their drafts; a second look shows the same labels in reverse.
 */

export interface LabelledDraft {
  readonly label: string;
  readonly draft: AgentAnswer;
  /** As it is shown. */
  readonly text: string;
}

/** What a prompt needs of it. */
export type ShownDraft = Pick<LabelledDraft, "label" | "text">;

/** Characters of a draft that are shown. */
export const shownCharacters = 8_000;

/** Bounded throughout: a draft is as long as a model makes it. */
const models = String.raw`(?:chat\s?gpt|gpt-\d[\w.-]{0,20}|gpt|openai|claude(?:[ -](?:opus|sonnet|haiku|fable|\d)[\w .-]{0,20})?|anthropic|gemini(?:[ -]\d[\w.-]{0,20})?|deepmind|grok(?:[ -]\d[\w.-]{0,20})?|xai|deepseek(?:[ -][\w.-]{1,20})?|kimi|moonshot|mistral|llama(?:[ -]\d[\w.-]{0,20})?|minimax|qwen[\w.-]{0,20}|glm-[\w.-]{1,20})`;
/** "I am Claude", "as GPT-5", "made by OpenAI". */
const saidOfItself = new RegExp(
  String.raw`\b(I am|I'm|as|my name is|this is|signed,?|(?:made|trained|developed|built|created|written|answered) by)(\s+(?:an? )?)${models}(?![\w-])`,
  "gi",
);
/** "as Claude Shannon showed": somebody else. */
const goesOnAsName = /^ [A-Z][a-z]/;
/** A heading or a signature: "GPT-5:", "— Claude", "Claude's answer:". */
const heading = new RegExp(String.raw`^([ \t*_#>]{0,20})${models}(?:'s answer)?([ \t*_]{0,20}:)`, "gim");
const signature = new RegExp(String.raw`^([ \t]{0,20}(?:[-–—]{1,20}|~)[ \t]{0,20})${models}[ \t.*_]{0,20}$`, "gim");

/** A draft without the name that it gives itself: a judge may not be led by a well-known one. */
export const withoutOwnName = (text: string): string =>
  text
    .replace(saidOfItself, (said: string, verb: string, space: string, at: number) =>
      goesOnAsName.test(text.slice(at + said.length)) ? said : `${verb}${space}a model`,
    )
    .replace(heading, "$1A model$2")
    .replace(signature, "$1a model");

const shown = (content: string): string => {
  const text = withoutOwnName(content.trim());
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)} […]` : text;
};

/** Labels drafts in an order that depends on the run and on what the drafts say, and on nothing else: not on the panel's order. */
export const labelled = (drafts: readonly AgentAnswer[], seed: string): readonly LabelledDraft[] => {
  const sorted = drafts.toSorted((left, right) =>
    left.content < right.content ? -1 : left.content > right.content ? 1 : 0,
  );
  return shuffled(sorted, seededRandom(seed)).map((draft, index) => ({
    label: labelOf(index),
    draft,
    text: shown(draft.content),
  }));
};

/** The drafts between tags that they cannot close. */
export const draftsText = (drafts: readonly ShownDraft[]): string =>
  drafts.map(({ label, text }) => `<draft label="${label}">\n${quoted(text)}\n</draft>`).join("\n\n");
