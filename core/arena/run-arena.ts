import { toUsd } from "#core/catalog/cost.ts";
import { GatewayError } from "#core/errors.ts";
import type { ArenaRequest } from "#core/schemas/arena.ts";
import { type ArenaEvent, eventFrame } from "#core/schemas/arena-events.ts";
import { type Agent, type AgentAnswer, runAgent } from "./agent.ts";
import type { ArenaRun, RunRecord } from "./arena-run.ts";
import { type FightResult, fight } from "./fight.ts";
import { framesOf } from "./frames-of.ts";
import { messagesOf } from "./opening.ts";

/** One run of the arena: its agents, its events, and how it ends. */

/** Agents by number: names would tell a judge who wrote what. */
const toAgents = ({ models }: ArenaRequest): readonly Agent[] =>
  models.map((model, index) => ({ agentId: `agent-${index + 1}`, model }));

export interface ArenaResult extends FightResult {
  readonly answers: readonly AgentAnswer[];
  readonly failures: ReadonlyMap<string, unknown>;
}

const noFight: FightResult = {
  winner: null,
  standings: [],
  cut: null,
  agreement: null,
  stable: false,
  lastAnswers: [],
  votes: [],
};

/** What a run leaves for ratings: undefined where no two models can be compared. */
const recordOf = (
  { mode }: ArenaRequest,
  answers: readonly AgentAnswer[],
  votes: FightResult["votes"],
): RunRecord | undefined => {
  const modelOf = new Map(answers.map(({ agent, modelUsed }) => [agent.agentId, modelUsed]));
  if ((mode !== "battle" && mode !== "fight") || new Set(modelOf.values()).size < 2) return undefined;
  return {
    mode,
    agents: [...modelOf].map(([agentId, model]) => ({ agentId, model })),
    ballots: votes.map(({ ranking }) => ranking.map(({ agentId }) => modelOf.get(agentId) ?? "")),
  };
};

type Listener = (event: ArenaEvent) => void;

const usageOf = (run: ArenaRun) => {
  const { inputTokens, outputTokens, costPicoUsd } = run.totals;
  return {
    usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens },
    costUsd: costPicoUsd === undefined ? null : toUsd(costPicoUsd),
  };
};

/** Every agent once, side by side: one that fails or is slow holds no other back. */
const sideBySide = async (
  run: ArenaRun,
  request: ArenaRequest,
  agents: readonly Agent[],
  emit: Listener,
): Promise<readonly AgentAnswer[]> => {
  const { search, maxTokens } = request;
  const messages = messagesOf(request);
  const answers = (
    await Promise.all(agents.map((agent) => runAgent(run, { agent, round: 1, messages, search, maxTokens, emit })))
  ).filter((answer) => answer !== undefined);
  // An agent that was too slow for the run's time does not take the others' answers with it.
  if (run.cancelled || (run.signal.aborted && answers.length === 0)) throw run.abortReason;
  return answers;
};

/** Plays a run and tells its events in order. @throws GatewayError when it was cancelled, timed out, or every agent failed */
export const playArena = async (run: ArenaRun, request: ArenaRequest, emit: Listener): Promise<ArenaResult> => {
  const startedAt = performance.now();
  const agents = toAgents(request);
  const failures = new Map<string, unknown>();
  let lastFailure: ArenaEvent | undefined;
  const listen: Listener = (event) => {
    if (event.name === "agent.error") {
      failures.set(event.data.agentId, event.data.error);
      lastFailure = event;
    }
    emit(event);
  };
  listen({
    name: "run.start",
    data: {
      runId: run.runId,
      mode: request.mode,
      message: request.message,
      rounds: request.mode === "fight" ? request.rounds : 1,
      agents: agents.map(({ agentId, model }) => ({ agentId, model })),
    },
  });
  let result: FightResult = noFight;
  let answers: readonly AgentAnswer[] = [];
  if (request.mode === "fight") result = await fight(run, request, agents, listen);
  else {
    answers = await sideBySide(run, request, agents, listen);
    if (run.signal.aborted) result = { ...result, cut: "time" };
  }
  if (answers.length === 0 && result.standings.length === 0 && lastFailure?.name === "agent.error") {
    const { message } = lastFailure.data.error;
    throw new GatewayError("MODEL_UNAVAILABLE", `Every agent failed. Last failure: ${message}`, {
      details: { agents: [...failures].map(([agentId, error]) => ({ agentId, error })) },
      shouldRetry: false,
    });
  }
  const record = recordOf(request, request.mode === "fight" ? result.lastAnswers : answers, result.votes);
  // Before the end: who reads it may vote at once.
  if (record !== undefined) await run.record(record);
  emit({
    name: "done",
    data: {
      runId: run.runId,
      winner: result.winner,
      ...usageOf(run),
      durationMs: Math.round(performance.now() - startedAt),
      cut: result.cut,
      agreement: result.agreement,
      stable: result.stable,
      leaderboard: [...result.standings],
    },
  });
  return { ...result, answers, failures };
};

/** A run's events as frames, as they happen. Ends after `done`; what ends a run early is thrown. */
export const arenaFrames = (run: ArenaRun, request: ArenaRequest): AsyncGenerator<string, void, undefined> =>
  framesOf((tell) => playArena(run, request, (event) => tell(eventFrame(event))));

/** A whole run, for callers who do not stream. */
export const wholeArena = async (run: ArenaRun, request: ArenaRequest) => {
  const { answers, failures } = await playArena(run, request, () => undefined);
  const agents = toAgents(request);
  return {
    answers: agents.map(({ agentId, model }) => {
      const answer = answers.find((made) => made.agent.agentId === agentId);
      return {
        agentId,
        model,
        modelUsed: answer?.modelUsed ?? null,
        content: answer?.content ?? null,
        finishReason: answer?.finishReason ?? null,
        citations: answer?.citations ?? [],
        usage: answer?.usage ?? null,
        costUsd: answer?.costUsd ?? null,
        latencyMs: answer?.latencyMs ?? null,
        error: answer === undefined ? (failures.get(agentId) ?? null) : null,
      };
    }),
    ...usageOf(run),
  };
};
