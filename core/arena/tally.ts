import type { Agent } from "./agent.ts";
import type { Vote } from "./vote.ts";

/** The rule of a fight, as the leaderboard states it. */
export const tallyRule =
  "Most first places; then most points (a ranking of n gives its first n-1 points, its last 0); then the lower cost; then the earlier agent.";

export interface Standing {
  readonly agentId: string;
  readonly model: string;
  /** First places. */
  readonly votes: number;
  readonly points: number;
  /** From 1. */
  readonly rank: number;
}

/** Counts the votes. Dropped ones count nothing; without any valid vote there is no winner. `costOf` in USD breaks ties. */
export const tally = (
  agents: readonly Agent[],
  votes: readonly Vote[],
  costOf: (agentId: string) => number,
): { readonly standings: readonly Standing[]; readonly winner: string | null } => {
  const counts = new Map(agents.map(({ agentId }) => [agentId, { votes: 0, points: 0 }]));
  for (const { ranking } of votes) {
    for (const [place, { agentId }] of ranking.entries()) {
      const count = counts.get(agentId);
      if (count === undefined) continue;
      if (place === 0) count.votes += 1;
      count.points += ranking.length - 1 - place;
    }
  }
  const order = agents
    .map((agent, index) => ({ agent, index, ...(counts.get(agent.agentId) ?? { votes: 0, points: 0 }) }))
    .sort(
      (left, right) =>
        right.votes - left.votes ||
        right.points - left.points ||
        costOf(left.agent.agentId) - costOf(right.agent.agentId) ||
        left.index - right.index,
    );
  const standings = order.map(({ agent, votes: first, points }, index) => ({
    agentId: agent.agentId,
    model: agent.model,
    votes: first,
    points,
    rank: index + 1,
  }));
  const valid = votes.some(({ ranking }) => ranking.length > 0);
  return { standings, winner: valid ? (standings[0]?.agentId ?? null) : null };
};

/** Fewer agents leave a voter no choice. */
const leastVoters = 3;

/** Of the valid votes that could name the winner first, the share that did. Nobody votes for itself. */
export const agreementOn = (winner: string | null, votes: readonly Vote[]): number | null => {
  if (winner === null || votes.length < leastVoters) return null;
  const free = votes.filter(({ voter, ranking }) => voter.agentId !== winner && ranking.length > 0);
  return free.length === 0
    ? null
    : free.filter(({ ranking: [first] }) => first?.agentId === winner).length / free.length;
};
