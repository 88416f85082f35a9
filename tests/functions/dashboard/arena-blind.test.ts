import { describe, expect, test } from "vitest";
import type { ArenaEvent } from "#functions/dashboard/page/src/api/arena.ts";
import { asShown, candidatesOf, openBallot, shuffledIds } from "#functions/dashboard/page/src/pages/arena/blind.ts";
import { phaseOf } from "#functions/dashboard/page/src/pages/arena/phase.ts";
import { emptyRun, nameIn, withEvent } from "#functions/dashboard/page/src/pages/arena/run-view.ts";
import { fc } from "#tests/support/property.ts";

/** What the arena's page hides until its reader has voted. */

const named = ["gpt", "claude", "gemini"].map((model, index) => ({ agentId: `agent-${index + 1}`, model }));
const end = (agentId: string, modelUsed: string): ArenaEvent[] => [
  { name: "agent.start", data: { agentId, round: 1 } },
  { name: "agent.delta", data: { agentId, round: 1, text: "As agent-1 and Agent 3 say." } },
  {
    name: "agent.end",
    data: { agentId, round: 1, modelUsed, finishReason: "stop", citations: [], costUsd: 0.5, latencyMs: 77 },
  },
];
const done: ArenaEvent = {
  name: "done",
  data: { winner: "agent-2", costUsd: 1, durationMs: 9, usage: { totalTokens: 5 }, cut: null },
};
const runOf = (mode: "battle" | "fight" | "multi-instance", events: readonly ArenaEvent[]) =>
  [{ name: "run.start", data: { runId: "req_1", mode, rounds: 1, agents: named } } as ArenaEvent, ...events].reduce(
    withEvent,
    emptyRun,
  );

const whole = [...end("agent-1", "gpt-6"), ...end("agent-2", "claude-5"), ...end("agent-3", "gemini-4")];
const hidden = { order: ["agent-3", "agent-1", "agent-2"], hidden: true };

describe("a blind run", () => {
  test("shows labels in an order of its own, and nothing that tells which model wrote what", () => {
    const shown = asShown(runOf("fight", [...whole, done]), hidden);
    expect(shown.agents.map((agent) => nameIn(shown, agent.agentId))).toEqual(["Answer A", "Answer B", "Answer C"]);
    const words = shown.agents.flatMap(({ answers }) => answers);
    expect(JSON.stringify(words)).not.toMatch(/gpt|claude|gemini|agent|0\.5|77/i);
    expect(words[0]?.text).toBe("As Answer B and Answer A say.");
    expect(shown.ranks).toEqual([]);
    expect(shown.votes).toEqual([]);
  });

  test("tells its phase by the labels", () => {
    const begun = runOf("battle", [{ name: "agent.start", data: { agentId: "agent-2", round: 1 } }]);
    expect(phaseOf(asShown(begun, hidden))).toBe("Answer C is answering…");
  });

  test("keeps its order and labels next to the names once they are shown", () => {
    const shown = asShown(runOf("battle", whole), { ...hidden, hidden: false });
    expect(shown.agents.map(({ model, label }) => [model, label])).toEqual([
      ["gemini", "Answer A"],
      ["gpt", "Answer B"],
      ["claude", "Answer C"],
    ]);
    expect(shown.agents[0]?.answers[0]?.text).toBe("As agent-1 and Agent 3 say.");
  });

  test("is as it came where names are shown from the start", () => {
    const view = runOf("battle", whole);
    expect(asShown(view, openBallot)).toBe(view);
  });

  test("is shuffled: every order comes, and nobody is lost", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 8 }), (ids) => {
        expect([...shuffledIds(ids)].sort()).toEqual([...ids].sort());
      }),
    );
    const orders = new Set(Array.from({ length: 200 }, () => shuffledIds(["a", "b", "c"]).join("")));
    expect(orders.size).toBe(6);
  });
});

describe("who can be voted for", () => {
  test("is whoever answered to the end, in a battle or fight that has ended", () => {
    expect(candidatesOf(runOf("fight", whole))).toEqual([]);
    expect(candidatesOf(runOf("multi-instance", [...whole, done]))).toEqual([]);
    const failed: ArenaEvent = {
      name: "agent.error",
      data: { agentId: "agent-3", round: 1, error: { message: "No." } },
    };
    const start: ArenaEvent = { name: "agent.start", data: { agentId: "agent-3", round: 1 } };
    expect(candidatesOf(runOf("battle", [...whole.slice(0, 6), start, failed, done]))).toEqual(["agent-1", "agent-2"]);
  });

  test("is nobody where one model wrote all answers", () => {
    expect(candidatesOf(runOf("battle", [...end("agent-1", "gpt-6"), ...end("agent-2", "gpt-6"), done]))).toEqual([]);
  });
});
