import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { tallyRule } from "#core/arena/tally.ts";
import { councilTranscript } from "#core/openapi/council-transcript.ts";
import { type ArenaEvent, eventFrame } from "#core/schemas/arena-events.ts";
import { useCloud } from "#tests/support/cloud.ts";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, failed, fakeApi, ok, requestId } from "./support/fake-api.ts";
import { pressOn, typeInto } from "./support/keyboard.ts";
import { lookAt } from "./support/look-at.ts";
import { usePageServer } from "./support/page-server.ts";
import { payWith } from "./support/pay-with.ts";
import { pickModel } from "./support/pick-model.ts";
import { models } from "./support/sample-data.ts";

/** The arena's page: what a run looks like at every stage, and one run on the whole gateway. */

const agents = [
  { agentId: "agent-1", model: "gpt" },
  { agentId: "agent-2", model: "claude" },
  { agentId: "agent-3", model: "gemini" },
] as const;
const [first, second, third] = agents;
const usage = { inputTokens: 240, outputTokens: 120, totalTokens: 360 };

const speaks = (
  agent: { readonly agentId: string; readonly model: string },
  round: number,
  text: string,
): ArenaEvent[] => [
  { name: "agent.start", data: { ...agent, round } },
  { name: "agent.delta", data: { agentId: agent.agentId, round, text } },
];
const ends = (agent: { readonly agentId: string; readonly model: string }, round: number): ArenaEvent => ({
  name: "agent.end",
  data: {
    ...agent,
    round,
    modelUsed: `${agent.model}-2026`,
    content: "",
    finishReason: agent.agentId === "agent-1" ? "length" : "stop",
    citations: [
      { url: "https://example.com/sky", title: "Why the sky is blue, at some length", snippet: "" },
      { url: "javascript:alert(1)", title: "A trap", snippet: "" },
    ],
    usage,
    costUsd: 0.00042,
    latencyMs: 1_830,
  },
});

const opening: readonly ArenaEvent[] = [
  {
    name: "run.start",
    data: {
      runId: requestId,
      mode: "fight",
      message: "Why?",
      rounds: 1,
      agents: agents.map((agent) => ({ ...agent })),
    },
  },
  { name: "round.start", data: { round: 1 } },
  ...speaks(first, 1, "Short waves scatter most, so the sky is <b>blue</b>."),
  { name: "agent.search.start", data: { agentId: "agent-1", round: 1, query: "Rayleigh scattering" } },
  {
    name: "agent.search",
    data: { agentId: "agent-1", round: 1, query: "Rayleigh scattering", results: 2, failed: false },
  },
  ends(first, 1),
  ...speaks(second, 1, "空が青いのはレイリー散乱による。\n\nAs agent-1 says, and the eye does the rest."),
];

const entries = [
  { ...second, votes: 1, points: 1, rank: 1 },
  { ...first, votes: 1, points: 0, rank: 2 },
];

const whole: readonly ArenaEvent[] = [
  ...opening,
  ends(second, 1),
  { name: "agent.start", data: { ...third, round: 1 } },
  {
    name: "agent.error",
    data: {
      ...third,
      round: 1,
      error: { code: "PROVIDER_ERROR", message: "The provider is down.", type: "api_error", param: null, details: {} },
    },
  },
  { name: "round.end", data: { round: 1 } },
  { name: "vote.start", data: { voters: ["agent-1", "agent-2"] } },
  {
    name: "vote",
    data: { voterId: "agent-1", votedFor: "agent-2", ranking: ["agent-2"], reason: "It says why.", dropped: false },
  },
  { name: "vote", data: { voterId: "agent-2", votedFor: null, ranking: [], reason: "", dropped: true } },
  { name: "leaderboard", data: { entries, winner: "agent-2", agreement: null, rule: tallyRule } },
  {
    name: "done",
    data: {
      runId: requestId,
      winner: "agent-2",
      usage,
      costUsd: 0.0021,
      durationMs: 6_120,
      cut: null,
      agreement: null,
      stable: false,
      leaderboard: entries,
    },
  },
];

const streamOf = (events: readonly ArenaEvent[]) => ({
  status: 200,
  headers: { "content-type": "text/event-stream" },
  text: [": keep-alive\n\n", ...events.map(eventFrame)].join(""),
});

const begin = async (page: Page, question = "Why is the sky blue?"): Promise<void> => {
  await page.getByLabel("Question").fill(question);
  await page.getByRole("button", { name: "Start" }).click();
};

describe.skipIf(!hasChromium)(`The arena in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (answers: Answers, mode = "Fight", names = "Names shown") => {
    const opened = await open({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
    const calls = await fakeApi(opened.page, { "GET v1/models": { status: 200, json: models }, ...answers });
    await opened.page.goto(`${url()}/dashboard/arena`);
    await opened.page.getByRole("heading", { name: "Arena", level: 1 }).waitFor();
    await opened.page.getByRole("button", { name: mode }).click();
    if (mode !== "Council") await opened.page.getByRole("button", { name: names, exact: true }).click();
    return { ...opened, calls };
  };

  test("a fight is shown whole: columns, searches, sources, faults, votes with reasons, places, winner, cost", async () => {
    const { page, calls, faults } = await visit({ "POST chat": streamOf(whole) });
    await lookAt(page, "arena");
    await page.setViewportSize({ width: 1280, height: 800 });
    await begin(page);
    await page.getByRole("heading", { name: "claude (agent-2) wins" }).waitFor();
    const column = page.getByRole("region", { name: "agent-1, gpt" });
    expect(await column.getByText("so the sky is <b>blue</b>.").count()).toBe(1);
    expect(await column.getByText("Searched “Rayleigh scattering”: 2 results").count()).toBe(1);
    expect(await column.getByText("gpt-2026 · 1.83 s · cost $0.00042 · cut at its limit").count()).toBe(1);
    await column.getByText("2 sources").click();
    expect(await column.getByRole("link").count()).toBe(1);
    expect(await page.getByRole("region", { name: "agent-3, gemini" }).getByText("The provider is down.").count()).toBe(
      1,
    );
    const votes = page.getByRole("region", { name: "Votes" });
    expect(await votes.getByText("It says why.").count()).toBe(1);
    expect(await votes.getByText("gave no valid vote.").count()).toBe(1);
    const matrix = votes.getByRole("region", { name: "Places by voter" });
    expect(await matrix.getByRole("columnheader").allTextContents()).toEqual([
      "Voter",
      "gpt (agent-1)",
      "claude (agent-2)",
      "gemini (agent-3)",
    ]);
    const rowOf = (name: string) => matrix.getByRole("row", { name }).getByRole("cell").allTextContents();
    expect(await rowOf("gpt (agent-1)")).toEqual(["own", "1", "–"]);
    expect(await rowOf("claude (agent-2)")).toEqual(["–", "own", "–"]);
    expect(await page.getByRole("row", { name: /1 claude \(agent-2\) 1 1/ }).count()).toBe(1);
    expect(await page.getByText("6.12 s · 360 tokens · cost $0.0021").count()).toBe(1);
    expect(calls.find(({ name }) => name === "POST chat")?.body).toEqual({
      mode: "fight",
      message: "Why is the sky blue?",
      models: ["gpt", "claude", "gemini"],
      rounds: 1,
      fightMode: "blind",
      stream: true,
    });
    await lookAt(page, "arena-fight");
    expect(faults).toEqual([]);
  });

  test("names are hidden until the vote, which is sent with the run's key, once", async () => {
    let refused = true;
    const { page, calls, faults } = await visit(
      {
        "POST chat": streamOf(whole),
        [`POST v1/runs/${requestId}/vote`]: () =>
          refused ? failed(503, "SERVICE_UNAVAILABLE", "A required service is unavailable.") : ok({}),
      },
      "Fight",
      "Names hidden",
    );
    await begin(page);
    const panel = page.getByRole("region", { name: "Vote", exact: true });
    await panel.waitFor();
    const seen = await page.locator("main").evaluate((main) => {
      const settings = main.querySelector(".settings")?.textContent ?? "";
      return (main.textContent ?? "").replace(settings, "");
    });
    for (const name of ["gpt", "claude", "gemini", "agent-", "wins", "Leaderboard", "0.00042", "1.83 s"]) {
      expect(seen, name).not.toContain(name);
    }
    // Of an answer of the models' own words, too: who "agent-1" is would be the first model that was named.
    expect(seen).toMatch(/As Answer [ABC] says/);
    // The agent that failed cannot win.
    expect(await panel.getByRole("button", { name: /^Answer/ }).count()).toBe(2);
    await lookAt(page, "arena-blind");
    await page.setViewportSize({ width: 1280, height: 800 });
    const choice = page.getByRole("region", { name: /^Answer [ABC]$/ }).filter({ hasText: "レイリー" });
    const label = (await choice.getAttribute("aria-label")) ?? "";
    await panel.getByRole("button", { name: label }).click();
    await page.getByRole("alert").getByText("A required service is unavailable.").waitFor();
    expect(await page.getByText("claude (agent-2)").count()).toBe(0);
    refused = false;
    // The session made the run: a key that is pasted since then would be told that it is nobody's.
    await payWith(page, "ck_8Kd2WvN5tYbR3mQhXcZ7Lp");
    await panel.getByRole("button", { name: label }).click();
    await panel.getByText("You voted for claude (agent-2).").waitFor();
    expect(await page.getByRole("region", { name: "agent-2, claude" }).getByText("Your choice").count()).toBe(1);
    expect(await page.getByRole("region", { name: "agent-2, claude" }).getByText(label).count()).toBe(1);
    expect(await page.getByRole("heading", { name: "claude (agent-2) wins" }).count()).toBe(1);
    expect(await panel.getByRole("button").count()).toBe(0);
    const votes = calls.filter(({ name }) => name.endsWith("/vote"));
    expect(votes.map(({ body }) => body)).toEqual([{ winner: "agent-2" }, { winner: "agent-2" }]);
    for (const { headers } of votes) expect(headers).not.toHaveProperty("authorization");
    await lookAt(page, "arena-voted");
    expect(faults).toEqual([]);
  });

  test("runs are kept for their user, found again after a reload, shared as a file and deleted", async () => {
    const { page, faults } = await visit(
      { "POST chat": streamOf(whole), [`POST v1/runs/${requestId}/vote`]: ok({}) },
      "Fight",
      "Names hidden",
    );
    const sharedText = async (): Promise<string> => {
      const sharing = page.waitForEvent("download");
      await page.getByRole("button", { name: "Share as a file" }).click();
      const file = await sharing;
      expect(file.suggestedFilename()).toMatch(/^arena-fight-\d{4}-\d\d-\d\d\.md$/);
      return readFile(await file.path(), "utf8");
    };
    await begin(page);
    const panel = page.getByRole("region", { name: "Vote", exact: true });
    await panel.waitFor();
    // What is hidden on the page is hidden in the file.
    expect(await sharedText()).not.toMatch(/claude|agent-2/);
    await page.reload();
    await page.getByRole("heading", { name: "No answers yet" }).waitFor();
    await page.getByRole("button", { name: "Earlier runs" }).click();
    const runs = page.getByRole("list", { name: "Runs" });
    await runs.getByText(/^Fight · Answer A, Answer B, Answer C · /).waitFor();
    await lookAt(page, "arena-history");
    const [run, remove] = await Promise.all(
      [/^Why is the sky blue/, "Delete Why is the sky blue?"].map((name) =>
        runs.getByRole("button", { name }).first().boundingBox(),
      ),
    );
    expect(run?.width, "on a phone, the question has the room").toBeGreaterThan(3 * (remove?.width ?? 0));
    await page.setViewportSize({ width: 1280, height: 800 });
    await runs.getByRole("button", { name: /^Why is the sky blue/ }).click();
    const choice = page.getByRole("region", { name: /^Answer [ABC]$/ }).filter({ hasText: "レイリー" });
    await panel.getByRole("button", { name: (await choice.getAttribute("aria-label")) ?? "" }).click();
    await panel.getByText("You voted for claude (agent-2).").waitFor();
    const text = await sharedText();
    expect(text).toContain("# Fight: Why is the sky blue?");
    expect(text).toContain("Short waves scatter most, so the sky is <b>blue</b>.");
    expect(text).toContain("| gpt (agent-1) | claude (agent-2) | It says why. |");
    await page.getByRole("button", { name: "Earlier runs" }).click();
    await runs.getByText(/^Fight · claude, |^Fight · .*claude/).waitFor();
    await page.getByRole("button", { name: "Delete Why is the sky blue?" }).click();
    await page.getByText("No runs yet.").waitFor();
    expect(faults).toEqual([]);
  });

  test("is used by keyboard alone: question, mode, model, start, vote, leave", async () => {
    const { page, calls, faults } = await visit(
      { "POST chat": streamOf(whole), [`POST v1/runs/${requestId}/vote`]: ok({}) },
      "Council",
    );
    await page.reload();
    await typeInto(page, page.getByLabel("Question"), "Why is the sky blue?");
    await pressOn(page, page.getByRole("button", { name: "Fight" }));
    const second = page.getByRole("button", { name: /^Model 2: / });
    await pressOn(page, second);
    await typeInto(page, page.getByRole("combobox", { name: "Search models" }), "claude-sonnet");
    await page.getByRole("dialog").getByRole("option").first().getByText("claude-sonnet-4-5-20250929").waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await second.evaluate((node) => node === document.activeElement)).toBe(true);
    await pressOn(page, page.getByRole("button", { name: "Start" }));
    await pressOn(page, page.getByRole("region", { name: "Vote", exact: true }).getByRole("button").first());
    await page.getByText(/^You voted for /).waitFor();
    await pressOn(page, page.getByRole("link", { name: "See the leaderboard" }));
    await page.getByRole("heading", { name: "Leaderboard", level: 1 }).waitFor();
    expect(calls.filter(({ name }) => name.endsWith("/vote"))).toHaveLength(1);
    const asked = calls.find(({ name }) => name === "POST chat")?.body;
    expect(asked).toHaveProperty("models", expect.arrayContaining(["claude-sonnet-4-5-20250929"]));
    expect(faults).toEqual([]);
  });

  test("the question comes first, on a phone too", async () => {
    const { page } = await visit({});
    await page.setViewportSize({ width: 390, height: 844 });
    const box = await page.getByLabel("Question").boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThan(844);
    const settings = await page.locator(".settings").boundingBox();
    expect(settings?.y ?? 0).toBeGreaterThan(box?.y ?? 0);
  });

  test("names can be shown without a vote, and are where there is nothing to vote on", async () => {
    const { page, calls } = await visit({ "POST chat": streamOf(whole) }, "Fight", "Names hidden");
    await begin(page);
    await page.getByRole("button", { name: "Show names without a vote" }).click();
    await page.getByRole("heading", { name: "claude (agent-2) wins" }).waitFor();
    expect(await page.getByRole("region", { name: "Vote", exact: true }).count()).toBe(0);
    expect(calls.filter(({ name }) => name.endsWith("/vote"))).toEqual([]);
  });

  test("a run that broke off shows its names", async () => {
    const { page } = await visit({ "POST chat": streamOf(opening) }, "Fight", "Names hidden");
    await begin(page);
    await page.getByRole("alert").getByText("The run ended unexpectedly.").waitFor();
    await page.getByRole("region", { name: "agent-1, gpt" }).waitFor();
    expect(await page.getByRole("region", { name: "Vote", exact: true }).count()).toBe(0);
  });

  test.each([
    ["three", 3],
    ["four", 4],
    ["five", 5],
  ])("%s answers leave no hole beside the last, at any width", async (_, count) => {
    const crowd = Array.from({ length: count }, (__, index) => ({
      agentId: `agent-${index + 1}`,
      model: `m${index + 1}`,
    }));
    const { page } = await visit({
      "POST chat": streamOf([
        { name: "run.start", data: { runId: requestId, mode: "fight", message: "Why?", rounds: 1, agents: crowd } },
        ...crowd.flatMap((agent) => [...speaks(agent, 1, "Because."), ends(agent, 1)]),
        ...whole.slice(-1),
      ]),
    });
    await begin(page);
    await page.getByRole("region", { name: `agent-${count}, m${count}` }).waitFor();
    const rows = () =>
      page.locator(".arena-columns").evaluate((grid) => {
        const { right } = grid.getBoundingClientRect();
        const boxes = [...grid.children].map((child) => child.getBoundingClientRect());
        const tops = [...new Set(boxes.map(({ top }) => Math.round(top)))];
        return tops.map((top) => {
          const row = boxes.filter((box) => Math.round(box.top) === top);
          return { cells: row.length, whole: Math.abs(Math.max(...row.map((box) => box.right)) - right) < 2 };
        });
      });
    for (const width of [360, 390, 768, 1024, 1280, 1440, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      const seen = await rows();
      expect(
        seen.every(({ whole: filled }) => filled),
        `${width}: ${JSON.stringify(seen)}`,
      ).toBe(true);
      if (count === 3 && width >= 1280) expect(seen).toEqual([{ cells: 3, whole: true }]);
    }
    await lookAt(page, `arena-${count}`);
  });

  test("a council is the first mode: its answer, agreement, analysis, and its drafts side by side", async () => {
    const { page, calls, faults } = await visit(
      { "POST v1/council": { ...streamOf([]), text: councilTranscript } },
      "Council",
    );
    const modes = page.getByRole("group", { name: "Mode" }).getByRole("button");
    expect(await modes.first().textContent()).toBe("Council");
    await begin(page, "What is 17 times 23?");
    const council = page.getByRole("region", { name: "Council" });
    await council.getByText("17 · 23 = 391 [B].").waitFor();
    await page.getByRole("region", { name: "Result" }).waitFor();
    expect(await council.getByText("agreement 0 % · judge grok-4.3").count()).toBe(1);
    expect(await council.getByText("The judge's verdict stands").count()).toBe(1);
    await council.getByText("Analysis").click();
    expect(await council.getByText("The product: 391 (B); 381 (A)").count()).toBe(1);
    expect(await page.getByRole("region", { name: "draft-1, gpt-6-luna" }).getByText("17 * 23 = 391.").count()).toBe(1);
    expect(calls.find(({ name }) => name === "POST v1/council")?.body).toEqual({
      message: "What is 17 times 23?",
      models: ["gpt", "claude", "gemini"],
      stream: true,
    });
    await lookAt(page, "arena-council");
    expect(faults).toEqual([]);
  });

  test("a long answer scrolls within its place, by keyboard too, and a short one is no stop on the way", async () => {
    const long = "A long sentence of many words. ".repeat(400);
    const events = [...opening, ...speaks(third, 1, long), ends(third, 1), ...whole.slice(-1)];
    const { page } = await visit({ "POST chat": streamOf(events) });
    await begin(page);
    const text = page.getByRole("group", { name: "Answer of gemini (agent-3), round 1" });
    await text.waitFor();
    const box = await text.boundingBox();
    expect(box?.height).toBeLessThan(500);
    await text.evaluate((node) => {
      node.scrollTop = 0;
    });
    await text.focus();
    await page.keyboard.press("End");
    await page.waitForFunction((node) => node !== null && node.scrollTop > 0, await text.elementHandle());
    expect(
      await page.getByRole("group", { name: "Answer of gpt (agent-1), round 1" }).getAttribute("tabindex"),
    ).toBeNull();
    await lookAt(page, "arena-long");
  });

  test("mode, sight, rounds and models are chosen by hand", async () => {
    const { page, calls } = await visit({ "POST chat": streamOf(whole) });
    await page.getByRole("button", { name: "Blind" }).click();
    await page.getByLabel("Rounds").selectOption("4");
    await page.getByRole("button", { name: "Remove model 1" }).click();
    await begin(page);
    await page.getByRole("region", { name: "Leaderboard" }).waitFor();
    await page.getByRole("button", { name: "Same model" }).click();
    await page.getByRole("button", { name: "Add a model" }).click();
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByRole("region", { name: "Leaderboard" }).waitFor();
    await page.getByRole("button", { name: "Battle" }).click();
    expect(await page.getByRole("button", { name: /^Model \d: / }).count()).toBe(2);
    const bodies = calls.filter(({ name }) => name === "POST chat").map(({ body }) => body);
    expect(bodies).toMatchObject([
      { mode: "fight", models: ["claude", "gemini"], rounds: 4, fightMode: "blind" },
      { mode: "multi-instance", models: ["claude", "gemini", "gemini"] },
    ]);
  });

  test("nothing is sent with what is no key, without a question, or with a model twice", async () => {
    const { page, calls } = await visit({});
    const start = page.getByRole("button", { name: "Start" });
    await page.getByRole("heading", { name: "No answers yet" }).waitFor();
    await payWith(page, "no key");
    await start.click();
    await page.getByText("Correct the API key first").waitFor();
    await page.getByLabel("API key").fill("");
    await start.click();
    await page.getByText("Write a question first.").waitFor();
    await page.getByLabel("Question").fill("Why?");
    await pickModel(page, "gpt", "Model 2");
    await start.click();
    await page.getByText("The same model appears twice").waitFor();
    expect(calls.some(({ name }) => name === "POST chat")).toBe(false);
  });

  test("a refusal is told in the API's own words, and what had come before a break stays", async () => {
    let broken = false;
    const { page } = await visit({
      "POST chat": () => (broken ? streamOf(opening) : failed(402, "SPEND_LIMIT_EXCEEDED", "Today's cap is reached.")),
    });
    await begin(page);
    await page.getByRole("alert").getByText("Today's cap is reached.").waitFor();
    broken = true;
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByRole("alert").getByText("The run ended unexpectedly.").waitFor();
    expect(await page.getByText("Short waves scatter most").count()).toBe(1);
  });
});

describe.skipIf(!hasChromium)(`The arena on a running gateway${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const cloud = useCloud({ flags: ["--stage", "live"], env: { RATE_LIMIT_SCALE: "100" } });

  test("models answer side by side, and Stop cancels the run at the gateway", async () => {
    const user = await cloud().createUser();
    const { page, faults } = await open({ reducedMotion: "reduce" });
    await page.goto(`${cloud().url}/dashboard/arena`);
    await page.getByLabel("Email").fill(user.email);
    await page.getByLabel("Password").fill(user.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Arena", level: 1 }).waitFor();
    await page.getByLabel("Question").fill("Hello [[simulate: text=Two voices, one answer.]]");
    await page.getByRole("button", { name: "Battle" }).click();
    await pickModel(page, "auto", "Model 2");
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByText("The run is complete.").waitFor();
    // A keyboard that started a run can stop the next from where it is.
    expect(await page.getByRole("button", { name: "Start" }).evaluate((node) => node === document.activeElement)).toBe(
      true,
    );
    await page.getByRole("button", { name: "Answer A" }).click();
    await page.getByText("You voted for").waitFor();
    await page.getByRole("button", { name: "Names shown", exact: true }).click();
    // Nobody wins a battle, and nobody loses it.
    expect(await page.getByRole("region", { name: "Result" }).getByText("All in all").count()).toBe(1);
    expect(await page.locator(".arena-answer").getByText("Two voices, one answer.").count()).toBe(2);

    await page.getByRole("link", { name: "See the leaderboard" }).click();
    await page.getByText("1 vote.").waitFor();
    const ratings = page.getByRole("region", { name: "Ratings", exact: true });
    expect(await ratings.getByRole("row").count()).toBe(3);
    await page.getByRole("link", { name: "Arena", exact: true }).click();

    await page.getByLabel("Question").fill("Hello [[simulate: stall-after=2]]");
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await page.locator(".markdown:not(:empty)").first().waitFor();
    const cancelled = page.waitForResponse((response) => response.url().endsWith("/cancel"));
    await page.getByRole("button", { name: "Stop" }).click();
    expect((await cancelled).status()).toBe(202);
    await page.getByText("Stopped.").waitFor();

    const told: string[] = [];
    await page.exposeFunction("told", (text: string) => told.push(text));
    await page.locator(".arena-status").evaluate((node) => {
      const tell = Reflect.get(globalThis, "told") as (text: string | null) => void;
      new MutationObserver(() => tell(node.textContent)).observe(node, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    await page.getByRole("button", { name: "Fight" }).click();
    await page.getByLabel("Rounds").selectOption("1");
    await page.getByRole("button", { name: "Remove model 3" }).click();
    await page.getByLabel("Question").fill("Search the web: why is the sky blue?");
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByText("The run is complete.").waitFor();
    const voting = told.findIndex((text) => text.startsWith("The models are voting: 0 of 2"));
    const answering = told.findLastIndex((text) => text.startsWith("Round 1 of 1: auto (agent-2) is answering"));
    expect(answering, told.join("\n")).toBeGreaterThanOrEqual(0);
    expect(voting, told.join("\n")).toBeGreaterThan(answering);
    const column = page.getByRole("region", { name: "agent-1, gpt" });
    expect(await column.getByText("Searched “Search the web: why is the sky blue?”: 5 results").count()).toBe(1);
    await column.getByText("5 sources").click();
    expect(await column.getByRole("link", { name: "Simulated result 1" }).count()).toBe(1);
    expect(faults).toEqual([]);
  });
});
