import { describe, expect, test } from "vitest";
import type { ArenaEvent } from "#functions/dashboard/page/src/api/arena.ts";
import { phaseOf } from "#functions/dashboard/page/src/pages/arena/phase.ts";
import { emptyRun, withEvent } from "#functions/dashboard/page/src/pages/arena/run-view.ts";

/** What the arena's page says of a run at each of its events. */

const agents = [
  { agentId: "agent-1", model: "gpt" },
  { agentId: "agent-2", model: "claude" },
];
const [first, second] = ["agent-1", "agent-2"].map((agentId) => ({ agentId, round: 1 }));
if (first === undefined || second === undefined) throw new Error("Two agents are needed");
const start = (mode: "fight" | "battle", rounds: number): ArenaEvent => ({
  name: "run.start",
  data: { runId: "req_1", mode, rounds, agents },
});
const begins = (data: typeof first): ArenaEvent => ({ name: "agent.start", data });
const searches = (data: typeof first): readonly [ArenaEvent, ArenaEvent] => [
  { name: "agent.search.start", data: { ...data, query: "sky" } },
  { name: "agent.search", data: { ...data, query: "sky", results: 5, failed: false } },
];
const ends = (data: typeof first): ArenaEvent => ({
  name: "agent.end",
  data: { ...data, modelUsed: "m", finishReason: "stop", citations: [], costUsd: 0, latencyMs: 1 },
});
const fails = (data: typeof first): ArenaEvent => ({
  name: "agent.error",
  data: { ...data, error: { message: "No." } },
});
const votes = (voterId: string): ArenaEvent => ({
  name: "vote",
  data: { voterId, votedFor: null, ranking: [], reason: "", dropped: true },
});

/** The phase after each event. */
const phases = (events: readonly ArenaEvent[]): readonly string[] => {
  let view = emptyRun;
  return events.map((event) => {
    view = withEvent(view, event);
    return phaseOf(view);
  });
};

describe("the phase of a run", () => {
  test("before the first event is that the models are asked", () => {
    expect(phaseOf(emptyRun)).toBe("Asking the models…");
  });

  test("of a brawl names the round, who speaks or searches, and how far the vote is", () => {
    const events: readonly ArenaEvent[] = [
      { name: "round.start", data: { round: 1 } },
      begins(first),
      ...searches(first),
      ends(first),
      begins(second),
      fails(second),
      { name: "round.end", data: { round: 1 } },
      { name: "vote.start", data: { voters: ["agent-1", "agent-2"] } },
      votes("agent-1"),
    ];
    expect(phases([start("fight", 1), ...events]).slice(1)).toEqual([
      "Round 1 of 1…",
      "Round 1 of 1: gpt (agent-1) is answering…",
      "Round 1 of 1: gpt (agent-1) is searching the web…",
      "Round 1 of 1: gpt (agent-1) is answering…",
      "Round 1 of 1…",
      "Round 1 of 1: claude (agent-2) is answering…",
      "Round 1 of 1…",
      "Round 1 of 1…",
      "The models are voting: 0 of 2 votes are in…",
      "The models are voting: 1 of 2 votes are in…",
    ]);
  });

  test("of models that speak at once counts them, and a battle has no rounds", () => {
    const [searching] = searches(second);
    expect(phases([start("battle", 1), begins(first), begins(second), searching, ends(first), ends(second)])).toEqual([
      "Asking the models…",
      "gpt (agent-1) is answering…",
      "2 models are answering…",
      "1 model is answering, 1 model is searching the web…",
      "claude (agent-2) is searching the web…",
      "Finishing…",
    ]);
  });
});

describe("a search in the view", () => {
  const searchesAfter = (events: readonly ArenaEvent[]) =>
    events.reduce(withEvent, emptyRun).agents.find(({ agentId }) => agentId === "agent-1")?.answers[0]?.searches;

  test("is open until it ends, and one line however it ends", () => {
    const opening = [start("battle", 1), begins(first)];
    const [begun, ended] = searches(first);
    expect(searchesAfter([...opening, begun])).toEqual([{ query: "sky" }]);
    expect(searchesAfter([...opening, begun, ended])).toEqual([{ query: "sky", results: 5, failed: false }]);
    expect(searchesAfter([...opening, begun, ended, begun])).toHaveLength(2);
  });
});
