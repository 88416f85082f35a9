import type { ArenaEvent, ArenaRequest, Citation, CouncilFacts, Ending, Rank, Vote } from "../../api/arena.ts";

/** A run as the page shows it, made event by event. */

export interface Search {
  readonly query: string;
  /** Undefined while it goes on. */
  readonly results?: number;
  readonly failed?: boolean;
}

export interface Answer {
  readonly round: number;
  readonly text: string;
  readonly searches: readonly Search[];
  readonly citations: readonly Citation[];
  readonly ended: boolean;
  readonly modelUsed?: string;
  readonly finishReason?: string;
  readonly costUsd?: number | null;
  readonly latencyMs?: number;
  readonly fault?: string;
}

export interface AgentView {
  readonly agentId: string;
  readonly model: string;
  /** What its answers are called where names were hidden. */
  readonly label?: string;
  /** Nothing may tell yet which model it is. */
  readonly hidden?: boolean;
  readonly answers: readonly Answer[];
}

export interface RunView {
  readonly runId: string;
  readonly mode?: ArenaRequest["mode"];
  readonly rounds: number;
  /** The round that is played or was played last; 0 before the first. */
  readonly round: number;
  readonly agents: readonly AgentView[];
  /** Who votes; empty before the vote. */
  readonly voters: readonly string[];
  readonly votes: readonly Vote[];
  readonly ranks: readonly Rank[];
  readonly rule: string;
  readonly ending?: Ending;
  /** A council's answer so far. */
  readonly answer: string;
  readonly council: CouncilFacts;
}

const change = (view: RunView, agentId: string, make: (answers: readonly Answer[]) => readonly Answer[]): RunView => ({
  ...view,
  agents: view.agents.map((agent) => (agent.agentId === agentId ? { ...agent, answers: make(agent.answers) } : agent)),
});

const changeAnswer = (
  view: RunView,
  { agentId, round }: { readonly agentId: string; readonly round: number },
  make: (answer: Answer) => Partial<Answer>,
): RunView =>
  change(view, agentId, (answers) =>
    answers.map((answer) => (answer.round === round ? { ...answer, ...make(answer) } : answer)),
  );

export const emptyRun: RunView = {
  runId: "",
  rounds: 0,
  round: 0,
  agents: [],
  voters: [],
  votes: [],
  ranks: [],
  rule: "",
  answer: "",
  council: {},
};

export const nameOf = ({ agentId, model, label = "", hidden }: Omit<AgentView, "answers">): string =>
  hidden === true ? label : `${model} (${agentId})`;

export const nameIn = ({ agents }: RunView, agentId: string): string =>
  nameOf(agents.find((agent) => agent.agentId === agentId) ?? { agentId, model: "unknown" });

/** The view after one event more. */
export const withEvent = (view: RunView, event: ArenaEvent): RunView => {
  switch (event.name) {
    case "run.start": {
      const agents = event.data.agents.map((agent) => ({ ...agent, answers: [] }));
      const { runId, mode, rounds } = event.data;
      return { ...emptyRun, runId, mode, rounds, agents };
    }
    case "round.start":
      return { ...view, round: event.data.round };
    case "agent.start": {
      const { agentId, round } = event.data;
      const answer = { round, text: "", searches: [], citations: [], ended: false };
      return change(view, agentId, (answers) => [...answers, answer]);
    }
    case "agent.delta":
      return changeAnswer(view, event.data, ({ text }) => ({ text: text + event.data.text }));
    case "agent.search.start": {
      const { query } = event.data;
      return changeAnswer(view, event.data, ({ searches }) => ({ searches: [...searches, { query }] }));
    }
    case "agent.search": {
      const { query, results, failed } = event.data;
      // An agent searches for one thing at a time: the last search is the one that ended.
      return changeAnswer(view, event.data, ({ searches }) => ({
        searches: [...searches.slice(0, -1), { query, results, failed }],
      }));
    }
    case "agent.end": {
      const { citations, costUsd, latencyMs, modelUsed, finishReason } = event.data;
      return changeAnswer(view, event.data, () => ({
        citations,
        costUsd,
        latencyMs,
        modelUsed,
        finishReason,
        ended: true,
      }));
    }
    case "agent.error":
      return changeAnswer(view, event.data, () => ({ fault: event.data.error.message, ended: true }));
    case "vote.start":
      return { ...view, voters: event.data.voters };
    case "vote":
      return { ...view, votes: [...view.votes, event.data] };
    case "leaderboard":
      return { ...view, ranks: event.data.entries, rule: event.data.rule };
    case "council":
      return { ...view, council: { ...view.council, ...event.data } };
    case "answer.delta":
      return { ...view, answer: view.answer + event.data.text };
    case "done":
      return { ...view, ending: event.data, council: { ...view.council, ...event.data.council } };
    default:
      return view;
  }
};
