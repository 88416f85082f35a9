import { plural } from "../../format.ts";
import { type AgentView, type Answer, nameOf, type RunView } from "./run-view.ts";

/** What a run does at this moment, in words: who answers in which round, who searches, how far the vote is. */

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

/** The phase of a run that goes on. */
export const phaseOf = ({ mode, round, rounds, agents, voters, votes, places }: RunView): string => {
  if (places.length > 0) return "Finishing…";
  if (voters.length > 0) return `The models are voting: ${votes.length} of ${voters.length} votes are in…`;
  const place = mode === "fight" && round > 0 ? `Round ${round} of ${rounds}` : "";
  const told = [place, workOf(agents)].filter((part) => part !== "").join(": ");
  if (told !== "") return `${told}…`;
  return agents.some(({ answers }) => answers.length > 0) ? "Finishing…" : "Asking the models…";
};
