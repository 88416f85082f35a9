import { useSignal } from "@preact/signals";
import { Button } from "../../ui/button.tsx";
import { download } from "../../ui/download.ts";
import { TextAreaField } from "../../ui/fields.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty } from "../../ui/placeholder.tsx";
import { StartStopButton } from "../../ui/start-stop-button.tsx";
import { StoreNotice } from "../../ui/store-notice.tsx";
import { playgroundKey } from "../playground/playground-key.ts";
import { AgentColumn } from "./agent-column.tsx";
import { asShown, candidatesOf } from "./blind.ts";
import { CouncilAnswer } from "./council-answer.tsx";
import { HistoryDrawer } from "./history-drawer.tsx";
import { phaseOf } from "./phase.ts";
import { Result, Standings } from "./results.tsx";
import { ballot, fault, question, running, start, stop, stopped, view } from "./run.ts";
import type { RunView } from "./run-view.ts";
import { message, problemOf, toRequest } from "./settings.ts";
import { ModeChoice, SettingsPanel } from "./settings-panel.tsx";
import { toMarkdown } from "./share.ts";
import { VotePanel } from "./vote-panel.tsx";

const Question = () => {
  const problem = useSignal<string | undefined>(undefined);
  const begin = (): void => {
    problem.value = problemOf(playgroundKey.value);
    if (problem.value === undefined) void start(toRequest());
  };
  return (
    <div class="card composer">
      <TextAreaField label="Question" value={message} rows={3} placeholder="Ask all of them…" />
      <div class="composer-buttons arena-ask">
        <ModeChoice />
        <p class="field-fault" role="status">
          {problem.value ?? ""}
        </p>
        <StartStopButton start="Start" running={running.value} onStart={begin} onStop={() => void stop()} />
      </div>
    </div>
  );
};

/** Before the first run. */
const Nothing = () =>
  running.value || fault.value !== undefined ? null : (
    <Empty title="No answers yet">
      Each model gets its own column. A council ends in one answer; a fight also shows votes and ranks.
    </Empty>
  );

const statusOf = (shown: RunView): string => {
  if (stopped.value) return running.value ? "Stopping…" : "Stopped.";
  if (running.value) return phaseOf(shown);
  return shown.ending === undefined ? "" : "The run is complete.";
};

const share = (shown: RunView): void => {
  const name = `arena-${shown.mode ?? "run"}-${new Date().toISOString().slice(0, 10)}.md`;
  download(name, new Blob([toMarkdown(question.value, shown)], { type: "text/markdown" }));
};

const Actions = ({ shown }: { shown: RunView }) => {
  const open = useSignal(false);
  return (
    <>
      {shown.agents.length === 0 || running.value ? null : (
        <Button icon="download" onClick={() => share(shown)}>
          Share as a file
        </Button>
      )}
      <Button
        icon="list"
        onClick={() => {
          open.value = true;
        }}
      >
        Earlier runs
      </Button>
      {open.value ? (
        <HistoryDrawer
          onClose={() => {
            open.value = false;
          }}
        />
      ) : null}
    </>
  );
};

export const ArenaPage = () => {
  const shown = asShown(view.value, ballot.value);
  const { hidden, winner } = ballot.value;
  const { agents, ending } = shown;
  return (
    <>
      <PageHeader title="Arena" actions={<Actions shown={shown} />}>
        Ask several models one question: get one answer from a council, or compare them side by side. Calls count as
        usage of “Playground”, or of the key that you paste.
      </PageHeader>
      <Question />
      <div class="playground">
        <SettingsPanel />
        <div class="playground-main">
          <StoreNotice />
          <p class="arena-status" role="status">
            {statusOf(shown)}
          </p>
          <ErrorNotice error={fault.value} logged />
          {/* Above the answers: on a phone they are many screens long. */}
          <CouncilAnswer view={shown} live={running.value} />
          <Result view={shown} />
          <VotePanel candidates={candidatesOf(view.value)} />
          {agents.length === 0 ? (
            <Nothing />
          ) : (
            <div class="arena-frame">
              <div class="arena-columns">
                {agents.map((agent) => (
                  <AgentColumn
                    key={agent.agentId}
                    agent={agent}
                    inRounds={shown.mode === "fight"}
                    winner={!hidden && ending?.winner === agent.agentId}
                    choice={!hidden && winner === agent.agentId}
                    live={running.value}
                  />
                ))}
              </div>
            </div>
          )}
          <Standings view={shown} />
        </div>
      </div>
    </>
  );
};
