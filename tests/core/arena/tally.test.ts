import { describe, expect, it } from "vitest";
import { agreementOn, tally } from "#core/arena/tally.ts";
import type { Vote } from "#core/arena/vote.ts";
import { agentsOf } from "./scripted-run.ts";

const agents = agentsOf("one", "two", "three", "four");

const vote = (voter: number, ...ranking: readonly number[]): Vote => {
  const agent = (number: number) => agents[number - 1] ?? { agentId: "none", model: "none" };
  return { voter: agent(voter), ranking: ranking.map(agent), reason: "" };
};

const free = (): number => 0;
const order = (votes: readonly Vote[], costOf: (agentId: string) => number = free) =>
  tally(agents, votes, costOf).standings.map(({ agentId }) => agentId);

describe("The tally of a fight", () => {
  it("counts first places before points", () => {
    // agent-2 has two first places; agent-1 one, but more points.
    const votes = [vote(1, 2, 3, 4), vote(2, 1, 3, 4), vote(3, 1, 2, 4), vote(4, 2, 1, 3)];
    const more = [...votes, vote(1, 2, 4, 3)];
    expect(order(more)[0]).toBe("agent-2");
    expect(tally(agents, more, free).standings.map(({ votes: count }) => count)).toEqual([3, 2, 0, 0]);
  });

  it("gives n-1 points to the first of n, none to the last", () => {
    const { standings } = tally(agents, [vote(4, 3, 1, 2)], free);
    expect(standings.map(({ agentId, points }) => [agentId, points])).toEqual([
      ["agent-3", 2],
      ["agent-1", 1],
      ["agent-2", 0],
      ["agent-4", 0],
    ]);
  });

  it("breaks a tie of first places by points", () => {
    const votes = [vote(3, 1, 4, 2), vote(4, 2, 1, 3)];
    expect(order(votes).slice(0, 2)).toEqual(["agent-1", "agent-2"]);
    expect(order([vote(3, 1, 4, 2), vote(4, 2, 3, 1), vote(1, 3, 2, 4)])[0]).toBe("agent-2");
  });

  it("breaks a tie of points by the lower cost", () => {
    const votes = [vote(3, 1, 2, 4), vote(4, 2, 1, 3)];
    expect(order(votes, (agentId) => (agentId === "agent-1" ? 0.02 : 0.01))[0]).toBe("agent-2");
  });

  it("takes an unknown cost for the higher one", () => {
    const votes = [vote(3, 1, 2, 4), vote(4, 2, 1, 3)];
    expect(order(votes, (agentId) => (agentId === "agent-1" ? Number.POSITIVE_INFINITY : 0.9))[0]).toBe("agent-2");
  });

  it("breaks a tie of everything by the earlier agent, also when no cost is known", () => {
    const votes = [vote(3, 2, 1, 4), vote(4, 1, 2, 3)];
    expect(order(votes).slice(0, 2)).toEqual(["agent-1", "agent-2"]);
    expect(order(votes, () => Number.POSITIVE_INFINITY).slice(0, 2)).toEqual(["agent-1", "agent-2"]);
  });

  it("has no winner without a valid vote", () => {
    expect(tally(agents, [], free).winner).toBeNull();
    expect(tally(agents, [vote(1), vote(2)], free).winner).toBeNull();
  });

  it("counts nothing for a dropped vote, and ranks everyone once", () => {
    const { standings, winner } = tally(agents, [vote(1), vote(2, 3, 4, 1)], free);
    expect(winner).toBe("agent-3");
    expect(standings.map(({ rank }) => rank)).toEqual([1, 2, 3, 4]);
  });
});

describe("Agreement on a winner", () => {
  it("counts the votes that could name it: nobody votes for itself", () => {
    expect(agreementOn("agent-1", [vote(1, 2, 3), vote(2, 1, 3), vote(3, 1, 2)])).toBe(1);
    expect(agreementOn("agent-1", [vote(1, 2, 3), vote(2, 1, 3), vote(3, 2, 1)])).toBe(0.5);
    expect(agreementOn("agent-1", [vote(1, 2, 3), vote(2), vote(3, 1, 2)])).toBe(1);
  });

  it("is unknown without a winner, without votes, and between two", () => {
    expect(agreementOn(null, [])).toBeNull();
    expect(agreementOn("agent-1", [vote(1, 2), vote(2, 1)])).toBeNull();
    expect(agreementOn("agent-1", [vote(1, 2, 3), vote(2), vote(3)])).toBeNull();
  });
});
