import { tallyRule } from "#core/arena/tally.ts";
import { type ArenaEvent, eventFrame } from "#core/schemas/arena-events.ts";

const runId = "req_019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b";
const first = { agentId: "agent-1", model: "gpt" };
const second = { agentId: "agent-2", model: "auto" };
const usage = { inputTokens: 24, outputTokens: 12, totalTokens: 36 };

const entries = [
  { ...second, votes: 1, points: 0, rank: 1 },
  { ...first, votes: 1, points: 0, rank: 2 },
];

const page = {
  url: "https://example.com/sky",
  title: "Why the sky is blue",
  snippet: "Air scatters short waves more than long ones.",
};

const events: readonly ArenaEvent[] = [
  {
    name: "run.start",
    data: { runId, mode: "fight", message: "Why is the sky blue?", rounds: 1, agents: [first, second] },
  },
  { name: "round.start", data: { round: 1 } },
  { name: "agent.start", data: { ...first, round: 1 } },
  { name: "agent.search.start", data: { agentId: first.agentId, round: 1, query: "Rayleigh scattering" } },
  {
    name: "agent.search",
    data: { agentId: first.agentId, round: 1, query: "Rayleigh scattering", results: 1, failed: false },
  },
  { name: "agent.delta", data: { agentId: first.agentId, round: 1, text: "Air scatters blue light most." } },
  {
    name: "agent.end",
    data: {
      ...first,
      round: 1,
      modelUsed: "gpt-5.2",
      content: "Air scatters blue light most.",
      finishReason: "stop",
      citations: [page],
      usage,
      costUsd: 0.00021,
      latencyMs: 1_840,
    },
  },
  { name: "agent.start", data: { ...second, round: 1 } },
  { name: "agent.delta", data: { agentId: second.agentId, round: 1, text: "Rayleigh scattering, " } },
  { name: "agent.delta", data: { agentId: second.agentId, round: 1, text: "as agent-1 says." } },
  {
    name: "agent.end",
    data: {
      ...second,
      round: 1,
      modelUsed: "claude-haiku-4-5-20251001",
      content: "Rayleigh scattering, as agent-1 says.",
      finishReason: "stop",
      citations: [],
      usage,
      costUsd: 0.00019,
      latencyMs: 1_210,
    },
  },
  { name: "round.end", data: { round: 1 } },
  { name: "vote.start", data: { voters: [first.agentId, second.agentId] } },
  {
    name: "vote",
    data: {
      voterId: first.agentId,
      votedFor: second.agentId,
      ranking: [second.agentId],
      reason: "Names the effect.",
      dropped: false,
    },
  },
  {
    name: "vote",
    data: {
      voterId: second.agentId,
      votedFor: first.agentId,
      ranking: [first.agentId],
      reason: "Short and right.",
      dropped: false,
    },
  },
  { name: "leaderboard", data: { entries, winner: second.agentId, agreement: null, rule: tallyRule } },
  {
    name: "done",
    data: {
      runId,
      winner: second.agentId,
      usage: { inputTokens: 130, outputTokens: 70, totalTokens: 200 },
      costUsd: 0.0009,
      durationMs: 4_950,
      cut: null,
      agreement: null,
      stable: false,
      leaderboard: entries,
    },
  },
];

/** A small fight as it travels, for the OpenAPI document. */
export const arenaTranscript = events.map(eventFrame).join("");
