import type { ArenaRequest } from "../../api/arena.ts";
import type { RunView } from "./run-view.ts";

/** A run whose models are hidden until its reader has voted: labels in place of names, in an order of their own. */

export interface Ballot {
  /** Ids of agents as they are shown; empty where names are shown from the start. */
  readonly order: readonly string[];
  readonly hidden: boolean;
  /** What was voted for: an agent, or `tie`. */
  readonly winner?: string;
}

export const openBallot: Ballot = { order: [], hidden: false };

/** Names in any order: the one in which they were chosen would tell which is which. */
export const shuffled = (ids: readonly string[], random: () => number = Math.random): readonly string[] => {
  const order = [...ids];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] ?? "", order[last] ?? ""];
  }
  return order;
};

/** A blind run's request: in a brawl the models speak in the order in which they are named, which its reader sees. */
export const blindRequest = (request: ArenaRequest, random?: () => number): ArenaRequest => ({
  ...request,
  models: shuffled(request.models, random),
});

const labelAt = (index: number): string => `Answer ${String.fromCharCode(65 + index)}`;

/** The label of an agent's answers; undefined where names are shown from the start. */
export const labelOf = ({ order }: Ballot, agentId: string): string | undefined => {
  const index = order.indexOf(agentId);
  return index < 0 ? undefined : labelAt(index);
};

/** In later rounds models speak of each other by id, which is the place at which they were named. */
const withoutIds = (text: string, ballot: Ballot): string =>
  text.replace(
    /\bagent[-\u2010-\u2015 ](\d)\b/gi,
    (whole, number: string) => labelOf(ballot, `agent-${number}`) ?? whole,
  );

/** The view as its reader may see it. */
export const asShown = (view: RunView, ballot: Ballot): RunView => {
  const { order, hidden } = ballot;
  if (order.length === 0) return view;
  const agents = view.agents
    .toSorted((left, right) => order.indexOf(left.agentId) - order.indexOf(right.agentId))
    .map((agent) => ({ ...agent, label: labelOf(ballot, agent.agentId) ?? "" }));
  if (!hidden) return { ...view, agents };
  return {
    ...view,
    ranks: [],
    votes: [],
    agents: agents.map(({ answers, ...agent }) => ({
      ...agent,
      hidden: true,
      // Which model served, how fast and at what cost would tell.
      answers: answers.map(({ modelUsed: _, costUsd: __, latencyMs: ___, fault, ...answer }) => ({
        ...answer,
        // An error may name the model or its provider.
        ...(fault === undefined ? {} : { fault: "This model failed." }),
        text: withoutIds(answer.text, ballot),
      })),
    })),
  };
};

/** Agents whose answers can be compared: the last round's, of two models at least. */
export const candidatesOf = ({ mode, agents, ending }: RunView): readonly string[] => {
  if (ending === undefined || (mode !== "battle" && mode !== "fight")) return [];
  const whole = agents.flatMap(({ agentId, answers }) => {
    const last = answers.at(-1);
    return last === undefined || last.fault !== undefined || !last.ended ? [] : [{ agentId, last }];
  });
  return new Set(whole.map(({ last }) => last.modelUsed)).size < 2 ? [] : whole.map(({ agentId }) => agentId);
};
