import { type JobRow, noteProgress, readJob, takeTurn } from "#core/db/jobs.ts";
import { GatewayError } from "#core/errors.ts";
import { failureToError, singleCall } from "#core/generation/failure-to-error.ts";
import { increment } from "#core/observability/metrics.ts";
import type { EndState, JobState } from "#core/providers/media/job-adapter.ts";
import { ProviderFailure, withoutKeyOf } from "#core/providers/provider.ts";
import { withoutKey } from "#core/providers/safe-message.ts";
import { isTransient } from "#core/routing/retry.ts";
import { loadAdapter } from "./ask-provider.ts";
import { finishJob } from "./finish-job.ts";
import { isEnded } from "./is-ended.ts";
import { jobCredential } from "./job-credential.ts";
import { maxJobMs } from "./job-times.ts";

/** However many clients ask about a job, its provider is asked at most once in this time, ms. */
export const pollEveryMs = 2_000;
const askTimeoutMs = 15_000;

export interface PolledJob {
  readonly row: JobRow;
  /** This call saw the job's end first. */
  readonly justEnded: boolean;
  /** The provider could not be asked, so the row is what was known before. */
  readonly stale: boolean;
}

const timedOut: EndState = {
  status: "failed",
  error: { name: "JobTimeout", message: "The provider did not finish this job within two hours." },
  mayBeBilled: true,
};

/** A job that is out of time also ends when its provider cannot be asked: it is down, or the key is gone. */
const cannotAsk = (error: unknown): boolean =>
  error instanceof ProviderFailure || (error instanceof GatewayError && error.code === "PROVIDER_AUTH_FAILED");

/** The provider no longer knows the job. */
const isGone = ({ kind, status }: ProviderFailure): boolean => kind === "request" && (status === 404 || status === 410);

const ask = async (row: JobRow, signal: AbortSignal): Promise<JobState> => {
  const [credential, askProvider] = await Promise.all([jobCredential(row), loadAdapter(row)]);
  try {
    const state = await askProvider(row, credential, AbortSignal.any([signal, AbortSignal.timeout(askTimeoutMs)]));
    if (state.status !== "failed") return state;
    const { name, message } = state.error;
    const hide = (text: string): string => withoutKey(text, credential.apiKey);
    return { ...state, error: { name: hide(name), message: hide(message) } };
  } catch (thrown) {
    const error = withoutKeyOf(thrown, credential);
    if (error instanceof ProviderFailure && isGone(error)) {
      const message = error.providerMessage ?? "The provider no longer knows this job.";
      return { status: "failed", error: { name: "NotFound", message }, mayBeBilled: true };
    }
    throw error;
  }
};

/**
 * The current state of a job. Its provider is asked if the last time was long enough ago and no other caller is asking.
 * @throws GatewayError when the provider refuses the key; AwsError
 */
export const pollJob = async (row: JobRow, signal: AbortSignal, nowMs: number = Date.now()): Promise<PolledJob> => {
  const unchanged = (stale = false): PolledJob => ({ row, justEnded: false, stale });
  if (isEnded(row) || nowMs - row.polledAt < pollEveryMs) return unchanged();
  if (!(await takeTurn(row, nowMs))) {
    const current = await readJob(row.userId, row.id, nowMs);
    return { row: current ?? row, justEnded: false, stale: false };
  }
  const isOver = nowMs - row.createdAt > maxJobMs;
  let state: JobState;
  try {
    state = await ask(row, signal);
  } catch (error) {
    if (error instanceof ProviderFailure) increment("ProviderFailures");
    if (isOver && cannotAsk(error)) state = timedOut;
    else if (!(error instanceof ProviderFailure)) throw error;
    else if (isTransient(error) || error.kind === "aborted") return unchanged(true);
    else throw failureToError(error, singleCall(row.byok));
  }
  const polled = { ...row, polledAt: nowMs };
  if (state.status === "completed" || state.status === "failed" || isOver) {
    const ended = state.status === "completed" || state.status === "failed" ? state : timedOut;
    return { row: await finishJob(polled, ended, nowMs), justEnded: true, stale: false };
  }
  const { status, detail } = state;
  if (status !== row.status || detail !== row.detail) await noteProgress(row, status, detail);
  return { row: { ...polled, status, detail }, justEnded: false, stale: false };
};
