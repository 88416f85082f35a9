import { Button } from "../../ui/button.tsx";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { useAction } from "../../ui/use-action.ts";
import { labelOf } from "./blind.ts";
import { ballot, castVote, showNames, view } from "./run.ts";
import { nameIn } from "./run-view.ts";

interface OpenVoteProps {
  /** Agents that can be voted for. */
  readonly candidates: readonly string[];
}

/** "Which answer is better?", before anybody's name is shown. */
const OpenVote = ({ candidates }: OpenVoteProps) => {
  const action = useAction(castVote);
  const inOrder = ballot.value.order.filter((agentId) => candidates.includes(agentId));
  return (
    <section class="card vote" aria-label="Vote">
      <h2>Which answer is better?</h2>
      <p class="hint">The names appear once you have voted. Your vote counts in your leaderboard.</p>
      <div class="vote-choices">
        {inOrder.map((agentId) => (
          <Button key={agentId} pending={action.pending.value} onClick={() => void action.run(agentId)}>
            {labelOf(ballot.value, agentId)}
          </Button>
        ))}
        <Button pending={action.pending.value} onClick={() => void action.run("tie")}>
          None is better
        </Button>
        <Button kind="quiet" onClick={showNames}>
          Show names without a vote
        </Button>
      </div>
      <ErrorNotice error={action.error.value} />
    </section>
  );
};

/** The vote on a run, or what was voted. Nothing where there is nothing to vote on. */
export const VotePanel = ({ candidates }: OpenVoteProps) => {
  const { hidden, winner } = ballot.value;
  if (hidden) return candidates.length === 0 ? null : <OpenVote candidates={candidates} />;
  if (winner === undefined) return null;
  return (
    <section class="card vote" aria-label="Vote">
      <p role="status">
        {winner === "tie" ? "You voted that none is better." : `You voted for ${nameIn(view.value, winner)}.`}{" "}
        <Link to="leaderboard">See the leaderboard</Link>
      </p>
    </section>
  );
};
