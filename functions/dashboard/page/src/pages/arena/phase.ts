import { plural } from "../../format.ts";
import { type AgentView, type Answer, nameOf, type RunView } from "./run-view.ts";

/** The current phase of a run in words: which models answer in which round, search, or vote. */

const openAnswer = ({ answers }: AgentView): Answer | undefined => answers.find(({ ended }) => !ended);

export const isSearching = ({ ended, searches }: Answer): boolean =>
  !ended && searches.some(({ results }) => results === undefined);

const deedOf = (count: number, deed: string): string =>
  `${plural(count, "model")} ${count === 1 ? "is" : "are"} ${deed}`;

/** Empty between two answers. */
const workOf = (agents: readonly AgentView[]): string => {
  const busy = agents.flatMap((agent) => {
    const answer = openAnswer(agent);
    return answer === undefined ? [] : [{ agent, searching: isSearching(answer) }];
  });
  const [only, ...others] = busy;
  if (only === undefined) return "";
  if (others.length === 0) return `${nameOf(only.agent)} is ${only.searching ? "searching the web" : "answering"}`;
  const searching = busy.filter((each) => each.searching).length;
  const answering = busy.length - searching;
  return [
    ...(answering === 0 ? [] : [deedOf(answering, "answering")]),
    ...(searching === 0 ? [] : [deedOf(searching, "searching the web")]),
  ].join(", ");
};

/** The phase of a run in progress. */
export const phaseOf = ({ mode, round, rounds, agents, voters, votes, ranks, answer, council }: RunView): string => {
  if (answer !== "") return "The answer is being written…";
  if (council.analysis !== undefined) return "The judge has studied the drafts…";
  if (council.agreement !== undefined) return "The drafts differ: a judge studies them…";
  if (ranks.length > 0) return "Finishing…";
  if (voters.length > 0) return `The models are voting: ${votes.length} of ${voters.length} votes are in…`;
  const roundLabel = mode === "fight" && round > 0 ? `Round ${round} of ${rounds}` : "";
  const phase = [roundLabel, workOf(agents)].filter((part) => part !== "").join(": ");
  if (phase !== "") return `${phase}…`;
  if (!agents.some(({ answers }) => answers.length > 0)) return "Asking the models…";
  return mode === "council" ? "Comparing the drafts…" : "Finishing…";
};
