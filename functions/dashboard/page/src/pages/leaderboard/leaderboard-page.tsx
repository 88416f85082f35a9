import { useSignal } from "@preact/signals";
import {
  type By,
  type Leaderboard,
  type RatedModel,
  readLeaderboard,
  type Scope,
  shareVotes,
} from "../../api/ratings.ts";
import { formatCount, plural } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { Segments } from "../../ui/segments.tsx";
import { Table } from "../../ui/table.tsx";
import { useAction } from "../../ui/use-action.ts";
import { useResource } from "../../ui/use-resource.ts";
import { Interval, spanOf } from "./interval.tsx";

const scopes = [
  { value: "account", label: "Your votes" },
  { value: "stage", label: "Everyone's" },
] as const;

const sources = [
  { value: "all", label: "All votes" },
  { value: "people", label: "People's" },
  { value: "models", label: "Models'" },
] as const;

const columns = ["Rank", "Model", "Rating", "95 % interval", "For", "Against"];

const Rating = ({ model: { rating, low, high } }: { model: RatedModel }) => (
  <>
    {formatCount(rating)}
    <span class="hint">
      {formatCount(low)} to {formatCount(high)}
    </span>
  </>
);

const Ratings = ({ models }: { models: readonly RatedModel[] }) => {
  const span = spanOf(models);
  return (
    <section class="card" aria-label="Ratings">
      <h2>Ratings</h2>
      <Table
        caption="Ratings by model"
        columns={columns}
        nameColumn={1}
        rows={models.map((model) => ({
          key: model.model,
          cells: [
            model.rank,
            <code key="name">{model.model}</code>,
            <Rating key="rating" model={model} />,
            <Interval key="interval" model={model} span={span} />,
            model.wins,
            model.losses,
          ],
        }))}
      />
      <p class="hint">
        A lead of 400 points means odds of 10 to 1; 1,000 is the mean. Where intervals overlap, the true order may
        differ. “For” and “Against” are weights: a choice among more than two answers is split over its pairs.
      </p>
    </section>
  );
};

const Nothing = ({ board }: { board: Leaderboard }) => {
  const { stage } = board;
  if (stage !== undefined && stage.sharers < stage.needs) {
    return (
      <Empty title="Too few users share their votes">
        Ratings appear once {stage.needs} users share their votes. {formatCount(stage.sharers)} of {stage.needs} do so
        now.
      </Empty>
    );
  }
  return (
    <Empty title="No votes yet" action={<Link to="arena">Go to the Arena</Link>}>
      Start a battle or a fight and vote for the better answer.
    </Empty>
  );
};

/** How many votes count, and what they are good for. */
const Summary = ({ board }: { board: Leaderboard }) => {
  const { votes, rated } = board;
  const counted = [
    plural(votes.people, "vote"),
    ...(votes.models === 0 ? [] : [`${plural(votes.models, "fight")} that models voted in`]),
  ];
  return (
    <p class="hint" role="status">
      {counted.join(", ")}.{" "}
      {rated === undefined ? null : rated.ready ? (
        <>
          The model <code>auto:rated</code> uses these ratings.
        </>
      ) : (
        <>
          The model <code>auto:rated</code> uses these ratings once you have {rated.needs} votes.
        </>
      )}
    </p>
  );
};

interface ShareProps {
  readonly share: boolean;
  readonly onChange: () => void;
}

const Share = ({ share, onChange }: ShareProps) => {
  const action = useAction(async () => {
    await shareVotes(!share);
    onChange();
  });
  return (
    <section class="card stack" aria-label="Sharing">
      <h2>{share ? "You share your votes" : "Share your votes"}</h2>
      <p>
        Shared votes count in everyone's leaderboard, without your name: your own votes on models of the catalogue, at
        most ten per pair of models. {share ? "When you stop, they are removed." : "You can stop at any time."}
      </p>
      <ErrorNotice error={action.error.value} />
      <p>
        <Button pending={action.pending.value} onClick={() => void action.run()}>
          {share ? "Stop sharing" : "Share my votes"}
        </Button>
      </p>
    </section>
  );
};

/** Ratings of models by votes: the user's own, or everyone's. */
export const LeaderboardPage = () => {
  const scope = useSignal<Scope>("account");
  const by = useSignal<By>("all");
  const board = useResource(
    (signal) => readLeaderboard(scope.value, scope.value === "stage" ? "all" : by.value, signal),
    `${scope.value} ${by.value}`,
  );
  const shown = board.data.value;
  return (
    <>
      <PageHeader title="Leaderboard">
        Which models answer your questions best, according to votes on battles and fights.
      </PageHeader>
      <div class="toolbar">
        <Segments
          label="Whose leaderboard"
          value={scope.value}
          options={scopes}
          onChoose={(value) => {
            scope.value = value;
          }}
        />
        {scope.value === "stage" ? null : (
          <Segments
            label="Which votes"
            value={by.value}
            options={sources}
            onChoose={(value) => {
              by.value = value;
            }}
          />
        )}
      </div>
      <ErrorNotice error={board.error.value} onRetry={board.reload} />
      {shown === undefined ? (
        board.error.value === undefined ? (
          <Skeleton rows={5} label="Loading the leaderboard" />
        ) : null
      ) : (
        <>
          <Summary board={shown} />
          {shown.models.length === 0 ? <Nothing board={shown} /> : <Ratings models={shown.models} />}
          <Share share={shown.share} onChange={board.reload} />
        </>
      )}
    </>
  );
};
