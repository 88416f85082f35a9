import { afterEach, describe, expect, test, vi } from "vitest";
import type { ArenaEvent } from "#functions/dashboard/page/src/api/arena.ts";
import { asShown, candidatesOf, openBallot, shuffled } from "#functions/dashboard/page/src/pages/arena/blind.ts";
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

  test("does not tell which model failed", () => {
    const start: ArenaEvent = { name: "agent.start", data: { agentId: "agent-1", round: 1 } };
    const error = { message: "gpt is overloaded." };
    const failed: ArenaEvent = { name: "agent.error", data: { agentId: "agent-1", round: 1, error } };
    const view = runOf("battle", [start, failed]);
    expect(JSON.stringify(asShown(view, hidden).agents.map(({ answers }) => answers))).not.toContain("gpt");
    expect(JSON.stringify(asShown(view, { ...hidden, hidden: false }))).toContain("gpt is overloaded.");
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
        expect([...shuffled(ids)].sort()).toEqual([...ids].sort());
      }),
    );
    const orders = new Set(Array.from({ length: 200 }, () => shuffled(["a", "b", "c"]).join("")));
    expect(orders.size).toBe(6);
  });
});

describe("the request of a run", () => {
  afterEach(() => vi.unstubAllGlobals());

  const chosen = ["gpt", "claude", "gemini"];
  /** The order in which the page names models to the gateway: in a brawl, that in which they speak. */
  const ordersOf = async (named: "hidden" | "shown", runs: number): Promise<ReadonlySet<string>> => {
    vi.stubGlobal("location", new URL("https://gateway.test/dashboard/arena"));
    const orders: string[] = [];
    vi.stubGlobal("fetch", (_url: string, { body }: { body: string }) => {
      orders.push((JSON.parse(body) as { models: string[] }).models.join(" "));
      return Promise.reject(new Error("no network"));
    });
    const { start } = await import("#functions/dashboard/page/src/pages/arena/run.ts");
    const { names } = await import("#functions/dashboard/page/src/pages/arena/settings.ts");
    names.value = named;
    for (let run = 0; run < runs; run++) {
      await start({ mode: "fight", fightMode: "brawl", message: "Why?", models: chosen, stream: true });
    }
    return new Set(orders);
  };

  test("names the models in any order where they are hidden, and as they were chosen otherwise", async () => {
    expect((await ordersOf("hidden", 200)).size).toBe(6);
    expect(await ordersOf("shown", 3)).toEqual(new Set([chosen.join(" ")]));
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
