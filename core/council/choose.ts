import { overlapOf, wordsOf } from "#core/arena/word-overlap.ts";

/**
 * Which drafts a council's answer rests on. Judges are biased towards the first draft, long drafts, their own and well-known
 * names (docs/decisions/0011). So a majority stands unless the judge prefers another draft and no bias explains that: it
 * prefers it in both orders, and the draft is neither the longest nor from the judge's own family.
 */

export interface Candidate {
  readonly label: string;
  /** As it is shown. */
  readonly text: string;
  /** Of the judge's own family. */
  readonly isJudges: boolean;
}

export interface Choice {
  /** Labels, sorted. */
  readonly basis: readonly string[];
  readonly decidedBy: "agreement" | "majority" | "plurality" | "judge" | "overlap";
}

interface Verdicts {
  readonly candidates: readonly Candidate[];
  /** Labels, the largest group first. */
  readonly groups: readonly (readonly string[])[];
}

const sorted = (labels: readonly string[]): readonly string[] => labels.toSorted();

const groupOf = (groups: Verdicts["groups"], label: string): readonly string[] =>
  groups.find((group) => group.includes(label)) ?? [label];

const majorityOf = ({ candidates, groups }: Verdicts): readonly string[] | undefined =>
  groups.find(({ length }) => length > candidates.length / 2);

const isLongest = ({ candidates }: Verdicts, label: string): boolean => {
  const own = candidates.find((candidate) => candidate.label === label)?.text.length ?? 0;
  return candidates.every((candidate) => candidate.label === label || candidate.text.length < own);
};

const isJudges = ({ candidates }: Verdicts, label: string): boolean =>
  candidates.some((candidate) => candidate.label === label && candidate.isJudges);

/** The draft that shares most of its words with the others: nothing of who wrote it or where it stands. The first of equals. */
export const central = (candidates: readonly Candidate[]): Candidate => {
  const words = new Map(candidates.map((candidate) => [candidate, wordsOf(candidate.text)]));
  const shareOf = (candidate: Candidate): number =>
    candidates.reduce(
      (sum, other) =>
        sum + (other === candidate ? 0 : overlapOf(words.get(candidate) ?? new Set(), words.get(other) ?? new Set())),
      0,
    );
  const ranked = candidates
    .map((candidate) => ({ candidate, share: shareOf(candidate) }))
    .sort((left, right) => right.share - left.share || (left.candidate.text < right.candidate.text ? -1 : 1));
  const [first] = ranked;
  if (first === undefined) throw new Error("A council without drafts");
  return first.candidate;
};

/** Whether the judge has to look again, in reverse: its preference would decide, and no bias explains it yet. */
export const needsSecondLook = (verdicts: Verdicts, preferred: string): boolean => {
  if (isJudges(verdicts, preferred)) return false;
  const majority = majorityOf(verdicts);
  if (majority === undefined) return true;
  return !majority.includes(preferred) && !isLongest(verdicts, preferred);
};

/** @param preferred what the judge preferred, once for each look; empty when it did not judge. */
export const choose = (verdicts: Verdicts, preferred: readonly string[]): Choice => {
  const { candidates, groups } = verdicts;
  const [largest = []] = groups;
  if (groups.length === 1) return { basis: sorted(largest), decidedBy: "agreement" };
  const [first] = preferred;
  const stable = first !== undefined && preferred.length === 2 && preferred.every((label) => label === first);
  const counts = stable && !isJudges(verdicts, first);
  const majority = majorityOf(verdicts);
  if (majority !== undefined) {
    const overrules = counts && !majority.includes(first) && !isLongest(verdicts, first);
    return overrules
      ? { basis: sorted(groupOf(groups, first)), decidedBy: "judge" }
      : { basis: sorted(majority), decidedBy: "majority" };
  }
  if (counts) return { basis: sorted(groupOf(groups, first)), decidedBy: "judge" };
  const tied = groups.filter(({ length }) => length === largest.length).flat();
  const { label } = central(candidates.filter((candidate) => tied.includes(candidate.label)));
  return { basis: sorted(groupOf(groups, label)), decidedBy: tied.length === largest.length ? "plurality" : "overlap" };
};
