import { randomUUID } from "node:crypto";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import { config } from "#core/config.ts";
import { documents } from "#core/db/document-client.ts";
import { putArenaRun, readArenaRun, readRatings, readStageRatings, voteableMs } from "#core/db/rating-rows.ts";
import { ratingsKey } from "#core/db/row-keys.ts";
import { putVotes } from "#core/db/votes.ts";
import { newId } from "#core/ids.ts";
import { castVote } from "#core/ratings/cast-vote.ts";
import { shareVotes } from "#core/ratings/change-sums.ts";
import { countPanel, noteRun } from "#core/ratings/note-run.ts";
import { ratedCaller } from "#core/ratings/rated-caller.ts";
import { readLeaderboard } from "#core/ratings/read-leaderboard.ts";
import { stageKeyOf } from "#core/ratings/stage-sums.ts";
import { maxModels, winsOf } from "#core/ratings/vote-sums.ts";
import { inOrder, operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";

describe.skipIf(!hasTables)(`votes (${tablesName})`, () => {
  const relay = useTables();
  const broken = { kind: "answer", status: 400, body: '{"__type":"ValidationException"}' } as const;
  const nowMs = Date.UTC(2026, 10, 29, 12);
  const models = ["gpt-6-luna", "claude-haiku-5-5"];

  const session = () => ({ kind: "session", userId: randomUUID() }) as const;

  const newRun = async (userId: string, startedAt = nowMs, names: readonly string[] = models): Promise<string> => {
    const runId = newId("request");
    const agents = names.map((model, index) => ({ agentId: `agent-${index + 1}`, model }));
    await putArenaRun({ userId, keyId: "key_1", runId, mode: "battle", agents, startedAt });
    return runId;
  };

  const sumsOf = (userId: string) => readRatings(ratingsKey(userId), nowMs, { consistent: true });
  const votesOn = async (userId: string) => winsOf(await sumsOf(userId), "people").wins;

  it("count once a run: the same one again changes nothing, another one is refused", async () => {
    const voter = session();
    const runId = await newRun(voter.userId);
    await castVote(voter, runId, "agent-1", nowMs);
    const again = await castVote(voter, runId, "agent-1", nowMs + 1);
    expect(again.vote).toEqual({ winner: "agent-1", at: nowMs });
    await expect(castVote(voter, runId, "agent-2", nowMs)).rejects.toMatchObject({
      code: "CONFLICT",
      details: { winner: "agent-1" },
      shouldRetry: false,
    });
    expect((await sumsOf(voter.userId)).people).toBe(1);
  });

  it("cannot be stuffed by many at once", async () => {
    const voter = session();
    const runId = await newRun(voter.userId);
    const winners = Array.from({ length: 12 }, (_, index) => `agent-${(index % 2) + 1}`);
    const casts = await Promise.allSettled(winners.map((winner) => castVote(voter, runId, winner, nowMs)));
    expect(casts.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(0);
    const { people, pairs } = await sumsOf(voter.userId);
    expect(people).toBe(1);
    expect(pairs.flatMap((pair) => pair.slice(2)).reduce((sum, milli) => sum + milli, 0)).toBe(1_000);
  });

  it("stay on their run, whatever else is written with them", async () => {
    const { userId } = session();
    const run = await readArenaRun(userId, await newRun(userId), nowMs);
    if (run === undefined) throw new Error("The run is not there");
    expect(await putVotes({ ...run, vote: { winner: "agent-1", at: nowMs } }, [], nowMs)).toBe(true);
    expect(await putVotes({ ...run, vote: { winner: "agent-2", at: nowMs } }, [], nowMs)).toBe(false);
    expect((await readArenaRun(userId, run.runId, nowMs))?.vote?.winner).toBe("agent-1");
  });

  it("of one user on several runs at once all count", async () => {
    const voter = session();
    const runs = await Promise.all(Array.from({ length: 5 }, () => newRun(voter.userId)));
    await Promise.all(runs.map((runId) => castVote(voter, runId, "agent-1", nowMs)));
    expect(await votesOn(voter.userId)).toEqual([
      [0, 5],
      [0, 0],
    ]);
  });

  it.each([
    ["another user's run", async () => [session(), await newRun(randomUUID())] as const],
    [
      "a run of another key",
      async () => {
        const userId = randomUUID();
        return [{ kind: "key", userId, keyId: "key_2" }, await newRun(userId)] as const;
      },
    ],
    [
      "a run of before 30 days",
      async () => {
        const voter = session();
        return [voter, await newRun(voter.userId, nowMs - voteableMs - 1)] as const;
      },
    ],
    ["a run that never was", async () => [session(), newId("request")] as const],
    ["an enormous id", async () => [session(), `req_${"0".repeat(5_000)}`] as const],
    ["an id that is none", async () => [session(), "RATINGS"] as const],
  ])("on %s are refused alike, and write nothing", async (_name, of) => {
    const [voter, runId] = await of();
    await expect(castVote(voter, runId, "agent-1", nowMs)).rejects.toMatchObject({
      code: "NOT_FOUND",
      param: "id",
      message: expect.stringContaining("in the last 30 days"),
    });
    expect(await sumsOf(voter.userId)).toMatchObject({ version: 0, people: 0 });
  });

  it("name an agent of the run, or a tie", async () => {
    const voter = { kind: "key", userId: randomUUID(), keyId: "key_1" } as const;
    const runId = await newRun(voter.userId);
    for (const winner of ["agent-3", "gpt-6-luna", "__proto__", "TIE"]) {
      await expect(castVote(voter, runId, winner, nowMs)).rejects.toMatchObject({
        code: "BAD_REQUEST",
        param: "winner",
        message: "winner must be agent-1, agent-2 or tie.",
      });
    }
    await castVote(voter, runId, "tie", nowMs);
    expect(await votesOn(voter.userId)).toEqual([
      [0, 0.5],
      [0.5, 0],
    ]);
  });

  it("count on neither the run nor the sums when the write fails", async () => {
    const voter = session();
    const runId = await newRun(voter.userId);
    relay().intercept = (call) => (operationOf(call) === "TransactWriteItems" ? broken : undefined);
    await expect(castVote(voter, runId, "agent-1", nowMs)).rejects.toThrow();
    relay().reset();
    expect((await readArenaRun(voter.userId, runId, nowMs))?.vote).toBeUndefined();
    await castVote(voter, runId, "agent-2", nowMs);
    expect((await sumsOf(voter.userId)).people).toBe(1);
  });

  it("of a fight's models count as one, from many fights at once, next to people's", async () => {
    const { userId } = session();
    const ballots = [
      ["a", "b"],
      ["a", "c"],
      ["b", "c"],
    ];
    await Promise.all(Array.from({ length: 3 }, () => countPanel({ userId, runId: newId("request") }, ballots)));
    const row = await sumsOf(userId);
    expect(row).toMatchObject({ people: 0, panels: 3 });
    expect(winsOf(row, "people").names).toEqual([]);
    expect(
      (await readLeaderboard(userId, { scope: "account", by: "models" }, nowMs)).models.map(({ model }) => model),
    ).toEqual(["a", "b", "c"]);
  });

  it.each(["TransactWriteItems", "PutItem"])("count once when the answer to %s is lost", async (operation) => {
    const voter = session();
    const runId = await newRun(voter.userId);
    const lost = inOrder({ kind: "lose-answer" });
    relay().intercept = (call) => (operationOf(call) === operation ? lost() : undefined);
    await castVote(voter, runId, "agent-1", nowMs);
    await countPanel({ userId: voter.userId, runId }, [models]);
    expect(await sumsOf(voter.userId)).toMatchObject({ people: 1, panels: 1 });
  });

  it("that cannot be noted end no run", async () => {
    relay().intercept = () => broken;
    const run = { userId: randomUUID(), runId: newId("request"), mode: "fight", agents: [], startedAt: nowMs };
    await expect(noteRun(run)).resolves.toBeUndefined();
    await expect(countPanel(run, [["a", "b"]])).resolves.toBeUndefined();
    const { rated } = await ratedCaller({ principal: { userId: run.userId } }, ["auto:rated"], nowMs);
    expect(rated?.models).toEqual([]);
    expect(rated?.warnings("a")).toEqual(["model (auto:rated could not read the ratings; auto chose)"]);
  });

  it("are shared with the stage from five users on, and taken back", async () => {
    const voters = Array.from({ length: 5 }, session);
    const stage = (userId: string) => readLeaderboard(userId, { scope: "stage", by: "all" }, nowMs);
    for (const [index, voter] of voters.entries()) {
      await castVote(voter, await newRun(voter.userId), "agent-1", nowMs);
      const { userId } = voter;
      expect((await stage(userId)).models).toEqual([]);
      await shareVotes(userId, true, nowMs);
      await shareVotes(userId, true, nowMs);
      expect(await stage(userId)).toMatchObject({ share: true, stage: { sharers: index + 1, needs: 5 } });
    }
    const [first] = voters;
    const userId = first?.userId ?? "";
    expect((await stage(userId)).models).toMatchObject([
      { model: "gpt-6-luna", wins: 5 },
      { model: "claude-haiku-5-5", losses: 5 },
    ]);
    await castVote({ kind: "session", userId }, await newRun(userId), "agent-2", nowMs);
    expect((await stage(userId)).models).toMatchObject([
      { wins: 5, losses: 1 },
      { wins: 1, losses: 5 },
    ]);
    await Promise.all(voters.map((voter) => shareVotes(voter.userId, false, nowMs)));
    const parts = await readStageRatings(nowMs);
    expect(parts.flatMap(({ pairs }) => pairs.flatMap((pair) => pair.slice(2))).every((milli) => milli === 0)).toBe(
      true,
    );
    expect(parts.reduce((sum, { sharers }) => sum + sharers, 0)).toBe(0);
    expect(JSON.stringify(parts)).not.toContain(userId);
  });

  it("cannot be shared again after fights have crowded them out", async () => {
    const voter = session();
    const { userId } = voter;
    await shareVotes(userId, true, nowMs);
    const inStage = async () =>
      (await readStageRatings(nowMs))
        .flatMap(({ pairs }) => pairs)
        .reduce((sum, [, , won, lost]) => sum + won + lost, 0);
    const before = await inStage();
    for (let round = 0; round < 2; round++) {
      await castVote(voter, await newRun(userId), "agent-1", nowMs);
      const own = Array.from({ length: maxModels }, (_, index) => `mine/${round}-${index}`);
      for (let index = 0; index < maxModels; index += 4) {
        await countPanel({ userId, runId: newId("request") }, [own.slice(index, index + 4)]);
      }
    }
    expect(await votesOn(userId)).toEqual([
      [0, 2],
      [0, 0],
    ]);
    await shareVotes(userId, false, nowMs);
    expect(await inStage()).toBe(before);
  });

  it("that are shared can be taken back after any time", async () => {
    const voter = session();
    const { userId } = voter;
    const partOf = () => readRatings(stageKeyOf(userId), later, { consistent: true });
    const later = nowMs + 500 * 86_400_000;
    const before = (await partOf()).sharers;
    await castVote(voter, await newRun(userId), "agent-1", nowMs);
    await shareVotes(userId, true, nowMs);
    expect((await partOf()).sharers).toBe(before + 1);
    expect((await readRatings(ratingsKey(userId), later)).people).toBe(1);
    await shareVotes(userId, false, later);
    expect((await partOf()).sharers).toBe(before);
  });

  it("past their end are as if they had never been, and the next one replaces them", async () => {
    const voter = session();
    await castVote(voter, await newRun(voter.userId), "agent-1", nowMs);
    const later = nowMs + 401 * 86_400_000;
    expect(await readRatings(ratingsKey(voter.userId), later)).toMatchObject({ people: 0, models: [] });
    await castVote(voter, await newRun(voter.userId, later), "agent-2", later);
    expect(await readRatings(ratingsKey(voter.userId), later)).toMatchObject({ people: 1 });
  });

  it("of a row that a later version wrote with more in it are read", async () => {
    const { userId } = session();
    const row = {
      version: 3,
      models: [
        { name: "a", at: 1, more: true },
        { name: "b", at: 1 },
      ],
      pairs: ["0 1 1000 0 0 0"],
    };
    await documents.send(
      new PutCommand({
        TableName: config.tableName("rollups"),
        Item: { ...ratingsKey(userId), ...row, people: 1, panels: 0, expiresAt: 9_000_000_000, later: "x" },
      }),
    );
    expect(await sumsOf(userId)).toMatchObject({ version: 3, people: 1, share: false });
  });
});
