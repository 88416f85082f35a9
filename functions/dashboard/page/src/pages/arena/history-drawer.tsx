import { useSignal } from "@preact/signals";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Skeleton } from "../../ui/placeholder.tsx";
import { StoreNotice } from "../../ui/store-notice.tsx";
import { Ago } from "../../ui/time.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { asShown } from "./blind.ts";
import { type KeptRun, listRuns, removeRun } from "./kept-runs.ts";
import { openRun, view } from "./run.ts";
import { modeName } from "./share.ts";

/** Who took part, as far as it may be shown. */
const namesOf = ({ view: kept, ballot }: KeptRun): string =>
  asShown(kept, ballot)
    .agents.map(({ hidden, label, model }) => (hidden === true ? label : model))
    .join(", ");

interface EntryProps {
  readonly run: KeptRun;
  readonly onOpen: () => void;
  readonly onRemove: () => void;
}

const Entry = ({ run, onOpen, onRemove }: EntryProps) => (
  <li class="history-entry">
    <button type="button" class="history-open" aria-current={run.id === view.value.runId} onClick={onOpen}>
      <span class="history-title">{run.question}</span>
      <span class="hint">
        {modeName(run.view.mode)} · {namesOf(run)} · <Ago time={run.changedAt} />
      </span>
    </button>
    <Button small kind="quiet" icon="trash" label={`Delete ${run.question}`} onClick={onRemove}>
      <span class="visually-hidden">Delete</span>
    </Button>
  </li>
);

/** Earlier runs: found by words, opened and deleted. */
export const HistoryDrawer = ({ onClose }: { onClose: () => void }) => {
  const search = useSignal("");
  const runs = useResource(listRuns);
  const all = runs.data.value;
  const words = search.value.toLowerCase().split(/\s+/);
  const found = (all ?? []).filter((run) => {
    const text = `${run.question} ${modeName(run.view.mode)} ${namesOf(run)}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return (
    <Dialog title="Earlier runs" shape="side" onClose={onClose}>
      <div class="form">
        <StoreNotice />
        <TextField label="Search" value={search} autocomplete="off" placeholder="Words of a question" />
        {all === undefined ? <Skeleton rows={3} label="Loading runs" /> : null}
        {all !== undefined && found.length === 0 ? (
          <p class="hint">{all.length === 0 ? "No runs yet." : "No run has all of these words."}</p>
        ) : null}
        <ul class="history" aria-label="Runs">
          {found.map((run) => (
            <Entry
              key={run.id}
              run={run}
              onOpen={() => {
                openRun(run);
                onClose();
              }}
              onRemove={() => void removeRun(run.id).then(runs.reload)}
            />
          ))}
        </ul>
        <p class="hint">Runs are kept in this browser only, for your account only.</p>
      </div>
    </Dialog>
  );
};
