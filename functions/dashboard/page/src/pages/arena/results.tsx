import { formatCost, formatMs, plural } from "../../format.ts";
import type { RunView } from "./run-view.ts";

const cutWords = {
  time: "It was cut: the time was used up.",
  cost: "It was cut after a whole round: the cost was used up.",
  agents: "It ended early: fewer than two agents were left.",
} as const;

const nameIn = ({ agents }: RunView, agentId: string): string =>
  `${agents.find((agent) => agent.agentId === agentId)?.model ?? "unknown"} (${agentId})`;

const Leaderboard = ({ view }: { view: RunView }) => (
  <section class="card" aria-label="Leaderboard">
    <h2>Leaderboard</h2>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
    <section class="arena-scroll" tabIndex={0} aria-label="Places">
      <table class="arena-table">
        <thead>
          <tr>
            <th scope="col">Place</th>
            <th scope="col">Model</th>
            <th scope="col">Votes</th>
            <th scope="col">Points</th>
          </tr>
        </thead>
        <tbody>
          {view.places.map(({ agentId, rank, votes, points }) => (
            <tr key={agentId}>
              <td>{rank}</td>
              <th scope="row">{nameIn(view, agentId)}</th>
              <td>{votes}</td>
              <td>{points}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
    <p class="hint">{view.rule}</p>
  </section>
);

const Votes = ({ view }: { view: RunView }) => (
  <section class="card" aria-label="Votes">
    <h2>Votes</h2>
    <ul class="arena-votes">
      {view.votes.map(({ voterId, votedFor, reason, dropped }) => (
        <li key={voterId}>
          <p>
            <strong>{nameIn(view, voterId)}</strong>
            {dropped || votedFor === null ? " gave no valid vote." : ` for ${nameIn(view, votedFor)}`}
          </p>
          {reason === "" ? null : <p class="hint">{reason}</p>}
        </li>
      ))}
    </ul>
  </section>
);

const headingOf = (view: RunView, winner: string | null): string => {
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

/** Places, and votes with their reasons. */
export const Standings = ({ view }: { view: RunView }) => (
  <>
    {view.places.length === 0 ? null : <Leaderboard view={view} />}
    {view.votes.length === 0 ? null : <Votes view={view} />}
  </>
);
