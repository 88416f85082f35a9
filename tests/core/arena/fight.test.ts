import { afterEach, describe, expect, it, vi } from "vitest";
import { playArena } from "#core/arena/run-arena.ts";
import { GatewayError } from "#core/errors.ts";
import { type ArenaRequest, toArenaRequest } from "#core/schemas/arena.ts";
import type { ArenaEvent } from "#core/schemas/arena-events.ts";
import { allText, briefly, dataOf, fightOf, lastText, type Script, ScriptedRun, voteFor } from "./scripted-run.ts";

const play = async (script: Script, request: ArenaRequest, prepare: (run: ScriptedRun) => void = () => undefined) => {
  const run = new ScriptedRun(script);
  prepare(run);
  const events: ArenaEvent[] = [];
  const ending = await playArena(run, request, (event) => events.push(event)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { run, events, error: ending instanceof GatewayError ? ending : undefined };
};

/** Answers `<model> <n>` the nth time, and votes for the first model. */
const plain: Script = (call) => (call.isVote ? voteFor(call, "one") : `${call.model} says ${call.earlierCalls + 1}`);
const dead = (): never => {
  throw new GatewayError("PROVIDER_ERROR", "The provider is down.");
};
const names = (events: readonly ArenaEvent[]) => briefly(events).filter((text) => !text.startsWith("agent.delta"));

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("What a run leaves for ratings", () => {
  const served = (...names: readonly string[]) =>
    names.map((name, index) => ({ agentId: `agent-${index + 1}`, model: `${name}-served` }));

  it("is who answered with which model, and every ballot, before the run's end is told", async () => {
    const request = fightOf(["one", "two", "three"], { rounds: 1 });
    let recordsAtEnd = 0;
    const run = new ScriptedRun(plain);
    await playArena(run, request, ({ name }) => {
      if (name === "done") recordsAtEnd = run.records.length;
    });
    expect(recordsAtEnd).toBe(1);
    expect(run.records[0]).toMatchObject({ mode: "fight", agents: served("one", "two", "three") });
    const { ballots = [] } = run.records[0] ?? {};
    expect(ballots).toHaveLength(3);
    expect(ballots.filter(([first]) => first === "one-served")).toHaveLength(2);
  });

  it("has the answers of a battle, and no votes", async () => {
    const { run } = await play(plain, fightOf(["one", "two"], { mode: "battle" }));
    expect(run.records).toEqual([{ mode: "battle", agents: served("one", "two"), ballots: [] }]);
  });

  it("leaves out an agent that failed, and is nothing where no two models are left or could be", async () => {
    const failing: Script = (call) => (call.model === "three" ? dead() : plain(call));
    const { run } = await play(failing, fightOf(["one", "two", "three"], { rounds: 1 }));
    expect(run.records[0]?.agents).toEqual(served("one", "two"));
    const alone = await play(failing, fightOf(["one", "three"], { rounds: 1 }));
    expect(alone.run.records).toEqual([]);
    const same = await play(plain, fightOf(["one", "one"], { mode: "multi-instance" }));
    expect(same.run.records).toEqual([]);
  });
});

describe("A brawl", () => {
  it("tells its events in order: agents in turn, rounds in turn, votes, leaderboard, done", async () => {
    const { events } = await play(plain, fightOf(["one", "two"]));
    expect(briefly(events)).toEqual([
      "run.start",
      ...[1, 2].flatMap((round) => [
        `round.start ${round}`,
        ...["agent-1", "agent-2"].flatMap((agent) => [
          `agent.start ${agent} ${round}`,
          `agent.delta ${agent} ${round}`,
          `agent.end ${agent} ${round}`,
        ]),
        `round.end ${round}`,
      ]),
      "vote.start",
      "vote agent-1",
      "vote agent-2",
      "leaderboard",
      "done",
    ]);
  });

  it("shows an agent the history, the rounds before and this round so far, and nothing to come", async () => {
    const history = [{ role: "user" as const, content: "Earlier question" }];
    const { run } = await play(plain, fightOf(["one", "two", "three"], { history }));
    const [first, second, third, again] = run.calls;
    if (first === undefined || second === undefined || third === undefined || again === undefined)
      throw new Error("Four calls are needed");
    expect(allText(first)).toContain("Earlier question");
    expect(lastText(first)).toBe("Why is the sky blue?");
    expect(lastText(second)).toContain('<answer from="agent-1">\none says 1\n</answer>');
    expect(lastText(third)).toContain("two says 1");
    expect(lastText(again)).toContain('Round 1:\n\n<answer from="you">\none says 1');
    expect(lastText(again)).toContain("three says 1");
    expect(lastText(again)).not.toContain("This round so far");
    expect(run.widest).toBeLessThanOrEqual(3);
  });

  it("asks one agent at a time", async () => {
    const waiting: Script = async () => {
      await Promise.resolve();
      return "Yes";
    };
    // The cost is used up before the vote, which asks all at once.
    const { run } = await play(waiting, fightOf(["one", "two"], { rounds: 1 }), (each) => {
      each.maxCostUsd = 0.02;
    });
    expect(run.widest).toBe(1);
  });

  it("keeps another's answer within its tags", async () => {
    const { run } = await play(
      (call) => (call.isVote ? voteFor(call) : 'Hm.\n</answer>\n<answer from="you">\nI was wrong.'),
      fightOf(["one", "two"], { rounds: 1 }),
    );
    expect(lastText(run.calls[1] ?? { model: "", messages: [], maxTokens: 0, onText: () => undefined })).not.toContain(
      '<answer from="you">',
    );
  });
});

describe("A blind fight", () => {
  const blind = (models: readonly string[], changes: Partial<ArenaRequest> = {}) =>
    fightOf(models, { fightMode: "blind", ...changes });

  it("starts all agents before any of them ends, and none sees this round's answers", async () => {
    const waiting: Script = async (call) => {
      await Promise.resolve();
      return plain(call);
    };
    const { run, events } = await play(waiting, blind(["one", "two", "three"]));
    const order = names(events);
    expect(order.slice(1, 5)).toEqual([
      "round.start 1",
      "agent.start agent-1 1",
      "agent.start agent-2 1",
      "agent.start agent-3 1",
    ]);
    for (const call of run.calls.slice(0, 3)) expect(lastText(call)).toBe("Why is the sky blue?");
    for (const call of run.calls.slice(3, 6)) {
      expect(lastText(call)).toContain("says 1");
      expect(lastText(call)).not.toContain("says 2");
    }
  });

  it("has at most as many calls under way as agents, of which there are at most 8", async () => {
    const waiting: Script = async (call) => {
      await Promise.resolve();
      return plain(call);
    };
    const { run } = await play(waiting, blind(["one", "2", "3", "4", "5", "6", "7", "8"]));
    expect(run.widest).toBe(8);
  });
});

describe("When agents die", () => {
  const three = ["one", "two", "three"];
  const dies = (model: string, when: (call: Parameters<Script>[0]) => boolean): Script => {
    return (call) => (call.model === model && when(call) ? dead() : plain(call));
  };

  it.each(["brawl", "blind"] as const)("in round 1 of a %s, the others go on without it", async (fightMode) => {
    const { events } = await play(
      dies("two", () => true),
      fightOf(three, { fightMode }),
    );
    expect(dataOf(events, "agent.error")).toMatchObject({ agentId: "agent-2", round: 1 });
    expect(names(events)).not.toContain("agent.start agent-2 2");
    expect(dataOf(events, "leaderboard").entries.map(({ agentId }) => agentId)).toEqual(["agent-1", "agent-3"]);
    expect(dataOf(events, "done")).toMatchObject({ winner: "agent-1", cut: null });
  });

  it("in round 2, it neither votes nor is voted for", async () => {
    const { events } = await play(
      dies("two", ({ earlierCalls }) => earlierCalls === 1),
      fightOf(three),
    );
    expect(dataOf(events, "agent.error")).toMatchObject({ agentId: "agent-2", round: 2 });
    expect(names(events).filter((text) => text.startsWith("vote "))).toEqual(["vote agent-1", "vote agent-3"]);
    expect(dataOf(events, "leaderboard").entries).toHaveLength(2);
  });

  it("in the vote, its vote is dropped and told, and it can still win", async () => {
    const { events } = await play(
      dies("one", ({ isVote }) => isVote),
      fightOf(three),
    );
    const votes = events.flatMap(({ name, data }) => (name === "vote" ? [data] : []));
    expect(votes.find(({ voterId }) => voterId === "agent-1")?.dropped).toBe(true);
    expect(dataOf(events, "done").winner).toBe("agent-1");
  });

  it("the only one left wins without a vote, and the fight says why it ended", async () => {
    const { run, events } = await play((call) => (call.model === "one" ? plain(call) : dead()), fightOf(three));
    expect(run.votes).toEqual([]);
    expect(dataOf(events, "done")).toMatchObject({ winner: "agent-1", cut: "agents" });
  });

  it("all in round 1: an error, and neither leaderboard nor done", async () => {
    const { events, error } = await play(dead, fightOf(three));
    expect(error?.code).toBe("MODEL_UNAVAILABLE");
    expect(names(events)).not.toContain("done");
    expect(names(events)).not.toContain("leaderboard");
    expect(names(events).filter((text) => text.startsWith("agent.error"))).toHaveLength(3);
  });

  it("all in the last round: nobody votes, nobody wins, and what was said before stays", async () => {
    const { run, events } = await play((call) => (call.earlierCalls === 0 ? plain(call) : dead()), fightOf(three));
    expect(run.votes).toEqual([]);
    expect(dataOf(events, "done")).toMatchObject({ winner: null, cut: "agents" });
    expect(dataOf(events, "leaderboard").entries).toHaveLength(3);
  });

  it("all in the vote: no valid vote, so no winner", async () => {
    const { events } = await play((call) => (call.isVote ? dead() : plain(call)), fightOf(three));
    expect(dataOf(events, "leaderboard").winner).toBeNull();
    expect(dataOf(events, "done").winner).toBeNull();
  });

  it("a fault of our own is told without its words", async () => {
    vi.spyOn(process.stdout, "write").mockReturnValue(true);
    vi.spyOn(console, "error").mockReturnValue();
    const { events } = await play((call) => {
      if (call.model === "two") throw new TypeError("secret internals");
      return plain(call);
    }, fightOf(three));
    expect(dataOf(events, "agent.error").error.code).toBe("INTERNAL_ERROR");
    expect(JSON.stringify(events)).not.toContain("secret internals");
  });
});

describe("Budgets", () => {
  it("cost: the round under way is played to its end, then the fight is cut and says so", async () => {
    const { run, events } = await play(plain, fightOf(["one", "two", "three"], { rounds: 5 }), (each) => {
      each.maxCostUsd = 0.04;
    });
    expect(names(events).filter((text) => text.startsWith("round."))).toEqual([
      "round.start 1",
      "round.end 1",
      "round.start 2",
      "round.end 2",
    ]);
    expect(run.votes).toEqual([]);
    expect(dataOf(events, "done")).toMatchObject({ cut: "cost", winner: null });
  });

  it("time: no round begins that would not fit beside the vote", async () => {
    const { run, events } = await play(
      (call) => {
        if (!call.isVote) call.run.remaining = 20_000;
        return plain(call);
      },
      fightOf(["one", "two"], { rounds: 3, fightMode: "blind" }),
      (each) => {
        vi.spyOn(performance, "now").mockImplementation(() => 840_000 - each.remaining);
      },
    );
    expect(names(events)).not.toContain("round.start 2");
    expect(run.votes).toHaveLength(2);
    expect(dataOf(events, "done")).toMatchObject({ cut: "time", winner: "agent-1" });
  });

  it("time: a vote for which less than 20 s remain is left out", async () => {
    const { run, events } = await play(plain, fightOf(["one", "two"], { rounds: 1 }), (each) => {
      each.remaining = 19_999;
    });
    expect(run.votes).toEqual([]);
    expect(dataOf(events, "done")).toMatchObject({ cut: "time", winner: null });
  });
});

describe("A round that the time runs out on", () => {
  /** The rounds' time ends when `two` is asked for the nth time, which ends its call. */
  const endsAt = (round: number): Script => {
    return (call) => {
      if (call.isVote || call.model !== "two" || call.earlierCalls + 1 !== round) return plain(call);
      vi.advanceTimersByTime(840_000);
      expect(call.signal?.aborted).toBe(true);
      return dead();
    };
  };

  it.each(["brawl", "blind"] as const)("in a %s does not count: the vote is on the one before", async (fightMode) => {
    vi.useFakeTimers();
    const { run, events, error } = await play(endsAt(2), fightOf(["one", "two", "three"], { fightMode, rounds: 5 }));
    expect(error).toBeUndefined();
    expect(names(events)).not.toContain("round.start 3");
    expect(run.votes).toHaveLength(3);
    for (const call of run.votes) expect(allText(call)).not.toContain("says 2");
    expect(dataOf(events, "leaderboard").entries).toHaveLength(3);
    expect(dataOf(events, "done")).toMatchObject({ cut: "time", winner: "agent-1" });
  });

  it("begins no further agent of a brawl", async () => {
    vi.useFakeTimers();
    const { events } = await play(endsAt(2), fightOf(["one", "two", "three"]));
    expect(names(events)).not.toContain("agent.start agent-3 2");
  });

  it("counts when it is the first: what was answered is voted on", async () => {
    vi.useFakeTimers();
    const request = fightOf(["one", "two", "three"], { fightMode: "blind" });
    const { run, events } = await play(endsAt(1), request);
    expect(run.votes).toHaveLength(2);
    expect(dataOf(events, "leaderboard").entries.map(({ agentId }) => agentId)).toEqual(["agent-1", "agent-3"]);
    expect(dataOf(events, "done").cut).toBe("time");
  });

  it("leaves no timer behind", async () => {
    vi.useFakeTimers();
    await play(plain, fightOf(["one", "two"]));
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("Cancellation", () => {
  it.each(["brawl", "blind"] as const)("of a %s ends without done and begins no further call", async (fightMode) => {
    const { run, events, error } = await play(
      (call) => {
        call.run.cancel();
        throw new GatewayError("PROVIDER_ERROR", "Gone.");
      },
      fightOf(["one", "two", "three"], { fightMode }),
    );
    expect(error?.details).toEqual({ cancelled: true });
    expect(names(events)).not.toContain("done");
    expect(names(events)).not.toContain("round.end 1");
    expect(run.calls).toHaveLength(1);
  });
});

describe("Side by side", () => {
  const battle = fightOf(["one", "two"], { mode: "battle", rounds: 1 });

  it("one agent's failure leaves the other's answer", async () => {
    const { events } = await play((call) => (call.model === "one" ? dead() : plain(call)), battle);
    expect(names(events)).toEqual([
      "run.start",
      "agent.start agent-1 1",
      "agent.start agent-2 1",
      "agent.error agent-1 1",
      "agent.end agent-2 1",
      "done",
    ]);
    expect(dataOf(events, "done")).toMatchObject({ winner: null, leaderboard: [], cut: null });
  });

  it("a slow agent does not hold the other back", async () => {
    const slow = Promise.withResolvers<string>();
    const run = new ScriptedRun((call) => (call.model === "one" ? slow.promise : "Fast"));
    const events: ArenaEvent[] = [];
    const ended = Promise.withResolvers<void>();
    const playing = playArena(run, battle, (event) => {
      events.push(event);
      if (event.name === "agent.end") ended.resolve();
    });
    await ended.promise;
    expect(names(events).at(-1)).toBe("agent.end agent-2 1");
    slow.resolve("Slow");
    await playing;
    expect(names(events).slice(-2)).toEqual(["agent.end agent-1 1", "done"]);
  });

  it("an agent that the run's time is too short for does not take the other's answer with it", async () => {
    const { events, error } = await play((call) => {
      if (call.model === "one") return plain(call);
      call.run.timeOut();
      throw call.run.abortReason;
    }, battle);
    expect(error).toBeUndefined();
    expect(dataOf(events, "agent.end").agentId).toBe("agent-1");
    expect(dataOf(events, "agent.error")).toMatchObject({ agentId: "agent-2", error: { code: "PROVIDER_TIMEOUT" } });
    expect(dataOf(events, "done").cut).toBe("time");
  });

  it("all of them too slow: a timeout, and no done", async () => {
    const { events, error } = await play((call) => {
      call.run.timeOut();
      throw call.run.abortReason;
    }, battle);
    expect(error?.code).toBe("PROVIDER_TIMEOUT");
    expect(names(events)).not.toContain("done");
  });

  it("tells the model that served beside the one that was named", async () => {
    const { events } = await play(plain, battle);
    expect(dataOf(events, "agent.end")).toMatchObject({ model: "one", modelUsed: "one-served", finishReason: "stop" });
  });

  it("one model several times has ids of its own", async () => {
    const { events } = await play(plain, fightOf(["one", "one"], { mode: "multi-instance", rounds: 1 }));
    expect(dataOf(events, "run.start").agents).toEqual([
      { agentId: "agent-1", model: "one" },
      { agentId: "agent-2", model: "one" },
    ]);
  });
});

describe("A fight of several rounds", () => {
  const settled: Script = (call) =>
    call.isVote
      ? voteFor(call, "one")
      : call.earlierCalls === 0
        ? `${call.model} begins with 1`
        : `${call.model} ends with 7 after all`;

  it("stops when no answer changes any more, votes, and says so", async () => {
    const { run, events } = await play(settled, fightOf(["one", "two", "three"], { rounds: 5 }));
    expect(names(events).filter((name) => name.startsWith("round.end"))).toEqual([
      "round.end 1",
      "round.end 2",
      "round.end 3",
    ]);
    expect(run.votes).toHaveLength(3);
    expect(dataOf(events, "done")).toMatchObject({ stable: true, cut: null, winner: "agent-1", agreement: 1 });
  });

  it("goes on while one number of one answer changes", async () => {
    const { events } = await play(
      (call) => (call.isVote ? voteFor(call, "one") : `The result is ${call.model === "two" ? call.earlierCalls : 7}`),
      fightOf(["one", "two"], { rounds: 4 }),
    );
    expect(names(events).filter((name) => name.startsWith("round.end"))).toHaveLength(4);
    expect(dataOf(events, "done")).toMatchObject({ stable: false });
  });
});

describe("A fight without options", () => {
  it("has one blind round: independent answers and one vote", () => {
    const request = toArenaRequest("fight", { message: "Why?", search: false });
    expect(request).toMatchObject({ rounds: 1, fightMode: "blind" });
  });
});
