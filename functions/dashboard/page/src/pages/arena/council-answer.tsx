import { formatCost } from "../../format.ts";
import { AnswerText } from "./answer-text.tsx";
import { nameIn, type RunView } from "./run-view.ts";

/** A council's answer, how far its drafts agree, and what its judge made of them. */

const decisions: Readonly<Record<string, string>> = {
  agreement: "All drafts say the same, so no judge was asked.",
  majority: "Most drafts say the same.",
  plurality: "The largest group of drafts stands.",
  judge: "The judge's verdict stands: the same in both orders of the drafts.",
  overlap: "No verdict counted: the draft nearest to the others stands.",
  single: "Only one draft succeeded.",
};

const warnings: Readonly<Record<string, string>> = {
  comparison_failed: "The drafts could not be compared.",
  judge_failed: "The judge gave no usable verdict.",
  answer_failed: "The judge wrote no answer: a draft stands for it.",
  judge_family_on_panel: "The judge's model family is also on the panel.",
  cost_limit: "The cost limit ended the run early.",
};

interface PointsProps {
  readonly title: string;
  readonly points: readonly string[];
}

const Points = ({ title, points }: PointsProps) =>
  points.length === 0 ? null : (
    <>
      <h3>{title}</h3>
      <ul>
        {points.map((point) => (
          <li key={point}>{point}</li>
        ))}
      </ul>
    </>
  );

const of = (drafts: readonly string[]): string => (drafts.length === 0 ? "" : ` (${drafts.join(", ")})`);

const Analysis = ({ view }: { view: RunView }) => {
  const { analysis, labels = [] } = view.council;
  if (analysis === undefined || analysis === null) return null;
  const positions = analysis.contradictions.map(
    ({ point, positions: held }) => `${point}: ${held.map(({ claim, drafts }) => `${claim}${of(drafts)}`).join("; ")}`,
  );
  return (
    <details class="arena-sources">
      <summary>Analysis</summary>
      <div class="council-analysis">
        <p class="hint">{labels.map(({ label, draftId }) => `${label} is ${nameIn(view, draftId)}`).join(" · ")}</p>
        <Points title="Consensus" points={analysis.consensus} />
        <Points title="Contradictions" points={positions} />
        <Points
          title="Partial coverage"
          points={analysis.partialCoverage.map(({ point, drafts }) => point + of(drafts))}
        />
        <Points
          title="Unique insights"
          points={analysis.uniqueInsights.map(({ point, drafts }) => point + of(drafts))}
        />
        <Points title="Blind spots" points={analysis.blindSpots} />
      </div>
    </details>
  );
};

/** Percent of pairs of drafts that say the same, who judged, and what agreement saved. */
const factsOf = ({ council, ending }: RunView): string => {
  const { agreement, judge, savedUsd } = council;
  return [
    ...(agreement === undefined ? [] : [`agreement\u00a0${Math.round(agreement * 100)}\u00a0%`]),
    ...(judge === undefined ? [] : [`judge\u00a0${judge.model}`]),
    ...(ending === undefined || savedUsd === undefined || savedUsd === null || savedUsd === 0
      ? []
      : [`saved about\u00a0${formatCost(savedUsd)}`]),
  ].join(" · ");
};

export const CouncilAnswer = ({ view, live }: { view: RunView; live: boolean }) => {
  const { mode, answer, council } = view;
  if (mode !== "council" || (answer === "" && council.agreement === undefined)) return null;
  const { decidedBy, warnings: told = [] } = council;
  return (
    <section class="card arena-ending" aria-label="Council">
      <h2>The council's answer</h2>
      {answer === "" ? null : <AnswerText label="Answer of the council" text={answer} growing={live} />}
      <p class="turn-facts">{factsOf(view)}</p>
      {decidedBy === undefined ? null : <p class="hint">{decisions[decidedBy] ?? ""}</p>}
      {told
        .flatMap((warning) => warnings[warning] ?? [])
        .map((words) => (
          <p key={words} class="hint">
            {words}
          </p>
        ))}
      <Analysis view={view} />
    </section>
  );
};
