import type { ArenaEvent, CouncilFacts, NamedEvent } from "./arena.ts";

/** A council's events as the page shows a run: a draft is an agent's answer, and the rest is what the council makes of them. */

/** What a council's events hold between them. */
interface CouncilData extends CouncilFacts {
  readonly draftId: string;
  readonly runId: string;
  readonly drafts: readonly { readonly draftId: string; readonly model: string }[];
  readonly costUsd: number | null;
  readonly durationMs: number;
  readonly usage: { readonly totalTokens: number };
  readonly council: CouncilFacts;
}

const agentEvents: Readonly<Record<string, string>> = {
  "draft.started": "agent.start",
  "draft.delta": "agent.delta",
  "draft.search.start": "agent.search.start",
  "draft.search": "agent.search",
  "draft.completed": "agent.end",
  "draft.failed": "agent.error",
};

/** Drops undefined members. */
const only = (facts: { readonly [Name in keyof CouncilFacts]: CouncilFacts[Name] | undefined }): CouncilFacts =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));

const council = (data: CouncilFacts): ArenaEvent => ({ name: "council", data });

export const fromCouncil = ({ name, data: told }: NamedEvent): ArenaEvent => {
  const data = told as CouncilData;
  const agentEvent = agentEvents[name];
  if (agentEvent !== undefined) {
    return { name: agentEvent, data: { ...data, agentId: data.draftId, round: 1 } } as unknown as ArenaEvent;
  }
  switch (name) {
    case "run.start": {
      const agents = data.drafts.map(({ draftId, model }) => ({ agentId: draftId, model }));
      return { name, data: { runId: data.runId, mode: "council", rounds: 1, agents } };
    }
    case "agreement":
      return council(only({ agreement: data.agreement, labels: data.labels }));
    case "analysis":
      return council(
        only({ analysis: data.analysis, basis: data.basis, decidedBy: data.decidedBy, judge: data.judge }),
      );
    case "done": {
      const { basis, decidedBy, judge, savedUsd, warnings } = data.council;
      const { costUsd, durationMs, usage } = data;
      return {
        name,
        data: {
          winner: null,
          costUsd,
          durationMs,
          usage,
          cut: null,
          council: only({ basis, decidedBy, judge, savedUsd, warnings }),
        },
      };
    }
    default:
      return { name, data } as unknown as ArenaEvent;
  }
};
