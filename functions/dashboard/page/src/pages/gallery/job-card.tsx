import type { Job } from "../../api/jobs.ts";
import { formatCost, formatDateTime, plural } from "../../format.ts";
import { Ago } from "../../ui/time.tsx";
import { firstExpiry, isExpired, isRunning, kindName, stateOf } from "./job-words.ts";
import { OutputView } from "./output-view.tsx";
import { PromptView } from "./prompt-view.tsx";

const Made = ({ job }: { job: Job }) => {
  const output = job.output ?? [];
  if (isRunning(job)) return <p class="output-note running">{job.status === "queued" ? "Waiting…" : "Being made…"}</p>;
  if (job.status === "failed") {
    return (
      <div class="output-note failed">
        <p class="output-fault">{job.error?.name ?? "Failed"}</p>
        <p>{job.error?.message ?? "The provider gave no reason."}</p>
      </div>
    );
  }
  if (isExpired(job)) return <p class="output-note">{job.error?.message ?? "The provider has deleted the output."}</p>;
  if (job.output === null) {
    return <p class="output-note">Requested as base64: available through the API until it expires.</p>;
  }
  if (output.length === 0) return <p class="output-note">Returned as base64: not kept.</p>;
  return (
    <div class={output.length === 1 ? "outputs" : "outputs several"}>
      {output.map((one, index) => (
        <OutputView
          key={one.url}
          job={job}
          output={one}
          position={output.length === 1 ? "" : `${index + 1} of ${output.length}`}
        />
      ))}
    </div>
  );
};

const Cost = ({ job }: { job: Job }) => <>{isRunning(job) ? "not yet known" : formatCost(job.costUsd)}</>;

const Expiry = ({ job }: { job: Job }) => {
  const expiry = firstExpiry(job);
  if (isExpired(job)) return <>expired</>;
  if (job.output === null || job.output.length === 0) return <>–</>;
  return expiry === undefined ? <>not stated</> : <Ago time={expiry} />;
};

interface JobCardProps {
  readonly job: Job;
  /** Of the key that asked. */
  readonly keyName: string;
}

/** One job: what it made, or why there is nothing, and its facts. Length: markup of one card. */
export const JobCard = ({ job, keyName }: JobCardProps) => {
  const state = stateOf(job);
  const count = job.output?.length ?? 0;
  return (
    <li class="job">
      <Made job={job} />
      <div class="job-body">
        <h2 class="job-title">{job.model}</h2>
        <p class="row-sub">
          <span>
            {kindName(job)}
            {count > 1 ? `, ${plural(count, "output")}` : ""}
          </span>
          <span class={`badge ${state.name}`}>{state.text}</span>
        </p>
        <PromptView job={job} />
        <dl class="job-facts">
          <div>
            <dt>Created</dt>
            <dd>
              <Ago time={job.createdAt} />
              <span class="hint">{formatDateTime(job.createdAt)}</span>
            </dd>
          </div>
          <div>
            <dt>Cost</dt>
            <dd>
              <Cost job={job} />
            </dd>
          </div>
          <div>
            <dt>Expires</dt>
            <dd>
              <Expiry job={job} />
            </dd>
          </div>
          <div>
            <dt>Provider</dt>
            <dd>{job.provider}</dd>
          </div>
          <div class="job-key">
            <dt>Key</dt>
            <dd>{keyName}</dd>
          </div>
        </dl>
      </div>
    </li>
  );
};
