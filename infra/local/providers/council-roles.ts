import type { Conversation } from "./conversation.ts";
import { objectOf } from "./json.ts";

/**
 * What a simulated model says on a council: it compares drafts by their words, prefers the draft that most others repeat, and
 * writes the draft on which the council settled. Scripted texts are the drafts' own: no judge repeats them.
 */

interface Shown {
  readonly label: string;
  readonly text: string;
}

const draftPattern = /<draft label="(\w)">\s*([\s\S]*?)\s*<\/draft>/g;

const shownIn = (question: string): readonly Shown[] =>
  [...question.matchAll(draftPattern)].map(([, label = "", text = ""]) => ({ label, text }));

const resultOf = (text: string): string => text.match(/-?\d+(?:\.\d+)?/g)?.at(-1) ?? text.toLowerCase();

const groupsOf = (drafts: readonly Shown[]): readonly (readonly Shown[])[] =>
  [...Map.groupBy(drafts, ({ text }) => resultOf(text)).values()].sort((left, right) => right.length - left.length);

const analysisOf = (drafts: readonly Shown[]): unknown => {
  const groups = groupsOf(drafts);
  const positions = groups.map((group) => ({
    claim: group[0]?.text.slice(0, 200) ?? "",
    drafts: group.map(({ label }) => label),
  }));
  return {
    consensus: [],
    contradictions: [{ point: "The drafts say different things (simulated).", positions }],
    partialCoverage: [],
    uniqueInsights: [],
    blindSpots: [],
    preferred: groups[0]?.[0]?.label ?? "A",
  };
};

const answerOf = (question: string, drafts: readonly Shown[]): string => {
  const [, named = ""] = /The council settled on: ([A-H, ]+)\./.exec(question) ?? [];
  const basis = named.split(",").map((label) => label.trim());
  const { text = "", label = "" } = drafts.find((draft) => draft.label === basis[0]) ?? {};
  return text === "" ? "This is a simulated answer of a council." : `${text} [${label}]`;
};

/** What the model says on a council, or undefined where it is not on one, or makes a draft. */
export const councilText = ({ jsonSchema }: Conversation, question: string): string | undefined => {
  const drafts = shownIn(question);
  if (drafts.length === 0) return undefined;
  const properties = objectOf(jsonSchema?.properties);
  if ("groups" in properties) {
    return JSON.stringify({ groups: groupsOf(drafts).map((group) => group.map(({ label }) => label)) });
  }
  if ("preferred" in properties) return JSON.stringify(analysisOf(drafts));
  // An answer in a format is made as that of any model.
  if (jsonSchema !== undefined) return undefined;
  return question.includes("The council settled on:") ? answerOf(question, drafts) : undefined;
};
