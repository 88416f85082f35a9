import type { Vote } from "../../api/arena.ts";
import { formatCost, formatMs, plural } from "../../format.ts";
import { Table } from "../../ui/table.tsx";
import { nameIn, nameOf, type RunView } from "./run-view.ts";

const cutWords = {
  time: "Stopped early: the time limit was reached.",
  cost: "Stopped after a round: the cost limit was reached.",
  agents: "Ended early: fewer than two agents remained.",
} as const;

const Leaderboard = ({ view }: { view: RunView }) => (
  <section class="card" aria-label="Leaderboard">
    <h2>Leaderboard</h2>
    <Table
      caption="Ranks"
      columns={["Rank", "Model", "Votes", "Points"]}
      nameColumn={1}
      rows={view.ranks.map(({ agentId, rank, votes, points }) => ({
        key: agentId,
        cells: [rank, nameIn(view, agentId), votes, points],
      }))}
    />
    <p class="hint">{view.rule}</p>
  </section>
);

/** Which place a voter gave to an agent; nobody ranks themselves. */
const placeOf = ({ voterId, votedFor, ranking, dropped }: Vote, agentId: string): string => {
  if (voterId === agentId) return "own";
  if (dropped || votedFor === null) return "–";
  const place = ranking.indexOf(agentId) + 1;
  if (place > 0) return String(place);
  return votedFor === agentId ? "1" : "–";
};

/** Who gave which place to whom. */
const VoteMatrix = ({ view }: { view: RunView }) => (
  <Table
    caption="Places by voter"
    columns={["Voter", ...view.agents.map((agent) => nameOf(agent))]}
    rows={view.votes.map((vote) => ({
      key: vote.voterId,
      cells: [nameIn(view, vote.voterId), ...view.agents.map(({ agentId }) => placeOf(vote, agentId))],
    }))}
  />
);

const Votes = ({ view }: { view: RunView }) => (
  <section class="card" aria-label="Votes">
    <h2>Votes</h2>
    <div class="vote-matrix">
      <VoteMatrix view={view} />
    </div>
    <ul class="arena-votes">
      {view.votes.map(({ voterId, votedFor, reason, dropped }) => (
        <li key={voterId}>
          <p>
            <strong>{nameIn(view, voterId)}</strong>
            {dropped || votedFor === null ? " gave no valid vote." : ` votes for ${nameIn(view, votedFor)}.`}
          </p>
          {reason === "" ? null : <p class="hint">{reason}</p>}
        </li>
      ))}
    </ul>
  </section>
);

const headingOf = (view: RunView, winner: string | null): string => {
  if (view.agents.some(({ hidden }) => hidden === true)) return "The answers are in";
  if (winner !== null) return `${nameIn(view, winner)} wins`;
  // Only a fight is for winning.
  return view.mode === "fight" ? "No winner" : "All in all";
};

/** How the run ended: winner, time, tokens, cost, and why it was cut. */
export const Result = ({ view }: { view: RunView }) => {
  const { ending } = view;
  if (ending === undefined) return null;
  return (
    <section class="card arena-ending" aria-label="Result">
      <h2>{headingOf(view, ending.winner)}</h2>
      <p>
        {formatMs(ending.durationMs)} · {plural(ending.usage.totalTokens, "token")} · cost {formatCost(ending.costUsd)}
      </p>
      {ending.cut === null ? null : <p class="hint">{cutWords[ending.cut]}</p>}
    </section>
  );
};

/** Ranks, and votes with their reasons. */
export const Standings = ({ view }: { view: RunView }) => (
  <>
    {view.ranks.length === 0 ? null : <Leaderboard view={view} />}
    {view.votes.length === 0 ? null : <Votes view={view} />}
  </>
);
