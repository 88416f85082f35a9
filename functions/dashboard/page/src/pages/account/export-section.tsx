import { useEffect, useState } from "preact/hooks";
import { formatBytes, plural } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { download } from "../../ui/download.ts";
import { ErrorNotice, Notice } from "../../ui/notice.tsx";
import { type ExportProgress, ExportRun } from "./export-run.ts";
import { Section } from "./section.tsx";

const fileName = (): string => `concurred-account-${new Date().toISOString().slice(0, 10)}.jsonl`;

const words = ({ state, lines, bytes }: ExportProgress): string => {
  const read = `${plural(lines, "line")}, ${formatBytes(bytes)}`;
  if (state === "waiting") return `${read} so far. Waiting: the API allows 60 pages a minute.`;
  return lines === 0 ? "Reading…" : `${read} so far.`;
};

const Buttons = ({
  state,
  onStart,
  onCancel,
}: {
  state: ExportProgress["state"];
  onStart: () => void;
  onCancel: () => void;
}) => {
  const isRunning = state === "running" || state === "waiting";
  return (
    <div class="toolbar">
      {/* One button, so that a keyboard's focus stays where it was. */}
      <Button icon={isRunning ? "stop" : "download"} onClick={isRunning ? onCancel : onStart}>
        {isRunning ? "Cancel" : state === "failed" ? "Continue" : "Download my data"}
      </Button>
    </div>
  );
};

/** All of the account's data as one file, made in the browser of the API's pages. */
export const ExportSection = () => {
  const [run] = useState(() => new ExportRun((parts) => download(fileName(), new Blob([...parts]))));
  useEffect(() => () => run.cancel(), [run]);
  const progress = run.progress.value;
  return (
    <Section
      title="Export"
      about="Your keys, usage, requests, jobs, presets and votes as one file of JSON lines, without secrets. Prompts and answers are in it if your keys record them."
    >
      <div role="status">
        {progress.state === "running" || progress.state === "waiting" ? <p>{words(progress)}</p> : null}
        {progress.state === "done" ? (
          <Notice kind="success">
            <p>
              Done: {plural(progress.lines, "line")}, {formatBytes(progress.bytes)}. Your browser has saved the file.
            </p>
          </Notice>
        ) : null}
      </div>
      <ErrorNotice error={progress.error} />
      <Buttons state={progress.state} onStart={() => void run.start()} onCancel={() => run.cancel()} />
    </Section>
  );
};
