import { describe, expect, it } from "vitest";
import { ratingsPut } from "#core/db/rating-rows.ts";
import { noSums, type RatingsRow, type VoteSums } from "#core/db/rating-sums.ts";
import { leaderboardOf } from "#core/ratings/leaderboard.ts";
import { choiceOutcomes, panelOutcomes, tieOutcomes } from "#core/ratings/outcomes.ts";
import { leastVotes, ratedChoice } from "#core/ratings/rated-choice.ts";
import { mergedSums, withChange, withSharedModels } from "#core/ratings/stage-sums.ts";
import { maxModels, type Voters, winsOf, withVote } from "#core/ratings/vote-sums.ts";
import { fc } from "#tests/support/property.ts";

const vote = (sums: VoteSums, models: readonly string[], winner: string, nowMs = 1, voters: Voters = "people") =>
  withVote(sums, { voters, outcomes: choiceOutcomes(models, winner), count: 1 }, nowMs);

const winsBetween = (sums: VoteSums, winner: string, loser: string, voters: Voters = "people"): number => {
  const { names, wins } = winsOf(sums, voters);
  return wins[names.indexOf(winner)]?.[names.indexOf(loser)] ?? 0;
};

describe("what a vote counts", () => {
  it("is one game for two answers, and one choice for more", () => {
    expect(choiceOutcomes(["a", "b"], "a")).toEqual([{ winner: "a", loser: "b", milli: 1_000 }]);
    expect(choiceOutcomes(["a", "b", "c", "d"], "c").map(({ loser, milli }) => [loser, milli])).toEqual([
      ["a", 500],
      ["b", 500],
      ["d", 500],
    ]);
  });

  it("is shared evenly by a tie", () => {
    const outcomes = tieOutcomes(["a", "b"]);
    expect(outcomes).toEqual([
      { winner: "a", loser: "b", milli: 500 },
      { winner: "b", loser: "a", milli: 500 },
    ]);
  });

  it("is nothing between two answers of one model", () => {
    expect(choiceOutcomes(["a", "a"], "a")).toEqual([]);
    expect(tieOutcomes(["a", "a", "b"]).every(({ winner, loser }) => winner !== loser)).toBe(true);
  });

  it("is one vote for all models of a fight together, and none where their ballots were no choice", () => {
    const ballots = [
      ["b", "c"],
      ["c", "a"],
      ["b", "a"],
    ];
    const total = panelOutcomes(ballots).reduce((sum, { milli }) => sum + milli, 0);
    expect(total).toBe(999);
    expect(panelOutcomes([["b"], ["a"]])).toEqual([]);
    expect(panelOutcomes([["b", "c"], []])).toEqual(choiceOutcomes(["b", "c"], "b"));
  });
});

describe("the sums of votes", () => {
  it("hold every vote by pair and by who cast it, in any order", () => {
    const names = ["a", "b", "c", "d"];
    const votes = fc.array(
      fc.tuple(fc.subarray(names, { minLength: 2 }), fc.nat(), fc.constantFrom<Voters>("people", "panels")),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(votes, (list) => {
        const expected = new Map<string, number>();
        let sums: VoteSums = noSums;
        for (const [models, pick, voters] of list) {
          const winner = models[pick % models.length] ?? "";
          sums = vote(sums, models, winner, 1, voters);
          for (const loser of models) {
            if (loser === winner) continue;
            const key = `${voters} ${winner} ${loser}`;
            expected.set(key, (expected.get(key) ?? 0) + Math.round(2_000 / models.length));
          }
        }
        for (const [key, milli] of expected) {
          const [voters, winner, loser] = key.split(" ") as [Voters, string, string];
          expect(winsBetween(sums, winner, loser, voters)).toBeCloseTo(milli / 1_000, 6);
        }
        expect(sums.people + sums.panels).toBe(list.length);
      }),
    );
  });

  it("hold a bounded number of models: the one whose last vote is the longest ago makes room", () => {
    let sums: VoteSums = noSums;
    for (let index = 0; index < maxModels; index++) sums = vote(sums, ["champion", `m${index}`], "champion", index + 1);
    // `champion` and m0 to m30 fit; m31 took the place of m0.
    expect(sums.models).toHaveLength(maxModels);
    expect(winsOf(sums, "people").names).not.toContain("m0");
    expect(winsBetween(sums, "champion", "m1")).toBe(1);
    sums = vote(sums, ["m1", "new"], "new", 100);
    expect(winsOf(sums, "people").names).not.toContain("m2");
    expect(winsBetween(sums, "champion", "m1")).toBe(1);
    for (const [i, j] of sums.pairs) expect(i).toBeLessThan(j);
  });

  it("stay under 32 KB with the longest names and a thousand votes on every pair", () => {
    let sums: VoteSums = noSums;
    const names = Array.from({ length: maxModels }, (_, index) => `openrouter/${String(index).padStart(150, "x")}`);
    for (const winner of names) {
      const outcomes = names.filter((name) => name !== winner).map((loser) => ({ winner, loser, milli: 1_000_000 }));
      sums = withVote(sums, { voters: "people", outcomes, count: 1_000 }, Date.UTC(2026, 10, 29));
      sums = withVote(sums, { voters: "panels", outcomes, count: 1_000 }, Date.UTC(2026, 10, 29));
    }
    expect(sums.pairs).toHaveLength((maxModels * (maxModels - 1)) / 2);
    const key = { pk: "USER#00000000-0000-0000-0000-000000000000", sk: "RATINGS" };
    const { item } = ratingsPut(key, 1, { ...sums, share: true, sharers: 0, recent: [] }, Date.UTC(2026, 10, 29));
    // JSON has quotes and commas where DynamoDB has a byte or three.
    expect(JSON.stringify(item).length).toBeLessThan(32 * 1_024);
  });

  it("take model names that are no good as names of attributes or members", () => {
    const hostile = [
      "openai/__proto__",
      "__proto__",
      "constructor",
      "a.b",
      "#x",
      ":v",
      "0.1",
      "x".repeat(200),
      "日本 1 2",
    ];
    let sums: VoteSums = noSums;
    for (const name of hostile) sums = vote(sums, [name, "gpt"], name);
    for (const name of hostile) expect(winsBetween(sums, name, "gpt")).toBe(1);
    expect(leaderboardOf(sums, "all").map(({ model }) => model)).toEqual(expect.arrayContaining(hostile));
    expect(Object.prototype).not.toHaveProperty("people");
  });
});

describe("the leaderboard", () => {
  it("is empty without votes, and ranks by rating with the interval around it", () => {
    expect(leaderboardOf(noSums, "all")).toEqual([]);
    let sums: VoteSums = noSums;
    for (let index = 0; index < 20; index++) sums = vote(sums, ["a", "b"], index % 4 === 0 ? "b" : "a");
    const [first, second] = leaderboardOf(sums, "people");
    expect(first).toMatchObject({ model: "a", rank: 1, wins: 15, losses: 5 });
    expect(second).toMatchObject({ model: "b", rank: 2, wins: 5, losses: 15 });
    for (const each of [first, second]) {
      expect(each?.low).toBeLessThan(each?.rating ?? 0);
      expect(each?.high).toBeGreaterThan(each?.rating ?? 0);
    }
    expect((first?.rating ?? 0) + (second?.rating ?? 0)).toBe(2_000);
    expect(leaderboardOf(sums, "panels")).toEqual([]);
  });

  it("decides for auto:rated from a number of votes on, and only for models with some", () => {
    let sums: VoteSums = noSums;
    for (let index = 1; index < leastVotes; index++) sums = vote(sums, ["a", "b"], "a");
    expect(ratedChoice(sums).models).toEqual([]);
    expect(ratedChoice(sums).warnings("a")).toEqual(["model (auto:rated has 19 of 20 votes; auto chose)"]);
    sums = vote(sums, ["c", "a"], "c");
    expect(ratedChoice(sums).models).toEqual(["a", "b"]);
    expect(ratedChoice(sums).warnings("a")).toEqual([]);
  });
});

describe("the stage's sums", () => {
  const [one, other] = ["gpt-6-luna", "claude-haiku-5-5"];
  const rowOf = (sums: VoteSums, share: boolean): RatingsRow =>
    withSharedModels({ ...sums, version: 1, share, sharers: 0, recent: [] });
  const empty = rowOf(noSums, false);

  it("have what a user shares, and nothing any more once the user shares nothing", () => {
    let sums: VoteSums = noSums;
    for (let index = 0; index < 6; index++) sums = vote(sums, [one, other], index < 4 ? one : other);
    const stage = withChange(empty, rowOf(sums, false), rowOf(sums, true), 5);
    expect(stage).toMatchObject({ sharers: 1, people: 6 });
    expect(winsBetween(stage, one, other)).toBe(4);
    const more = vote(sums, [one, other], other);
    const later = withChange(stage, rowOf(sums, true), rowOf(more, true), 6);
    expect(winsBetween(later, other, one)).toBe(3);
    const left = withChange(later, rowOf(more, true), rowOf(more, false), 7);
    expect(left).toMatchObject({ sharers: 0, people: 0 });
    expect(winsOf(left, "people").names).toEqual([]);
  });

  it("follow the catalogue: nothing is taken away that was not added, and nothing that was added stays", () => {
    const sums = vote(noSums, [one, other], one);
    const others = withChange(empty, rowOf(noSums, true), rowOf(sums, true), 5);
    const isShared = (row: RatingsRow, shared: boolean): RatingsRow => ({
      ...row,
      models: row.models.map(({ name, at }) => ({ name, at, shared })),
    });
    // Stored under a catalogue that did not list these models yet.
    const unlisted = isShared(rowOf(sums, true), false);
    expect(winsBetween(withChange(others, unlisted, { ...unlisted, share: false }, 6), one, other)).toBe(1);
    expect(winsBetween(withChange(others, unlisted, rowOf(sums, true), 6), one, other)).toBe(2);
    // Stored under one that did, before they were taken off the list.
    const listed = withChange(others, rowOf(noSums, true), rowOf(sums, true), 6);
    expect(winsBetween(withChange(listed, rowOf(sums, true), unlisted, 7), one, other)).toBe(1);
  });

  it("are not moved by one user's hundreds of votes: ten on a pair count", () => {
    let sums: VoteSums = noSums;
    let stage = withChange(empty, empty, rowOf(noSums, true), 1);
    for (let index = 0; index < 300; index++) {
      const next = vote(sums, [one, other], one);
      stage = withChange(stage, rowOf(sums, true), rowOf(next, true), index);
      sums = next;
    }
    expect(winsBetween(stage, one, other)).toBe(10);
  });

  it("hold no name of a user's own models, and no votes of models", () => {
    let sums = vote(noSums, ["mine/secret-project", one], "mine/secret-project");
    sums = vote(sums, [one, other], one, 1, "panels");
    const stage = withChange(empty, empty, rowOf(sums, true), 1);
    expect(JSON.stringify(stage)).not.toContain("secret-project");
    expect(winsOf(stage, "all").names).toEqual([]);
  });

  it("come together from all rows", () => {
    const rows = [one, other, one].map((winner) =>
      withChange(empty, empty, rowOf(vote(noSums, [one, other], winner), true), 1),
    );
    const merged = mergedSums(rows, 1);
    expect([winsBetween(merged, one, other), winsBetween(merged, other, one), merged.people]).toEqual([2, 1, 3]);
  });
});
