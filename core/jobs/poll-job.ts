import { type JobRow, noteProgress, readJob, takeTurn } from "#core/db/jobs.ts";
import { readProviderKeys } from "#core/db/provider-key-rows.ts";
import { GatewayError } from "#core/errors.ts";
import { failureToError, singleCall } from "#core/generation/failure-to-error.ts";
import { type MediaCredential, openCredential } from "#core/media/credential.ts";
import { increment } from "#core/observability/metrics.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { isTransient } from "#core/routing/retry.ts";
import { askerOf } from "./ask-provider.ts";
import { finishJob } from "./finish-job.ts";
import type { JobState } from "./job-state.ts";

/** However many ask about a job, its provider is asked at most once in this time, ms. */
export const pollEveryMs = 2_000;
/** After this a job that still is not done never will be, ms. */
export const maxJobMs = 2 * 3_600_000;
const askTimeoutMs = 15_000;

export interface PolledJob {
  readonly row: JobRow;
  /** This call saw the job's end first, or another one just did. */
  readonly justEnded: boolean;
  /** The provider could not be asked: the row is what was known before. */
  readonly stale: boolean;
}

export const isEnded = ({ status }: Pick<JobRow, "status">): boolean => status === "completed" || status === "failed";

/** The key that a job was started with. @throws GatewayError when the caller removed it since */
export const jobCredential = async (row: JobRow): Promise<MediaCredential> => {
  if (row.providerKeyId === undefined) return openCredential(row.provider, undefined);
  const key = (await readProviderKeys(row.userId)).find(({ id }) => id === row.providerKeyId);
  if (key !== undefined) return openCredential(row.provider, key);
  throw new GatewayError("PROVIDER_AUTH_FAILED", "The provider key that started this job was removed.", {
    details: { provider: row.provider },
    shouldRetry: false,
  });
};

const timedOut: Extract<JobState, { status: "failed" }> = {
  status: "failed",
  error: { name: "JobTimeout", message: "The provider did not end this job in two hours." },
};

/** That it cannot be asked ends a job whose time is over, too: its provider is out of reach, or its key is gone. */
const isProvidersFault = (error: unknown): boolean =>
  error instanceof ProviderFailure || (error instanceof GatewayError && error.code === "PROVIDER_AUTH_FAILED");

/** The provider does not know the job any more. */
const isGone = ({ kind, status }: ProviderFailure): boolean => kind === "request" && (status === 404 || status === 410);

const ask = async (row: JobRow, signal: AbortSignal): Promise<JobState> => {
  const [credential, asker] = await Promise.all([jobCredential(row), askerOf(row)]);
  try {
    return await asker(row, credential, AbortSignal.any([signal, AbortSignal.timeout(askTimeoutMs)]));
  } catch (error) {
    if (error instanceof ProviderFailure && isGone(error)) {
      const message = error.providerMessage ?? "The provider does not know this job any more.";
      return { status: "failed", error: { name: "NotFound", message } };
    }
    throw error;
  }
};

/**
 * A job as it is now. The provider is asked when the last time was long enough ago and nobody else is faster.
 * @throws GatewayError when the provider refuses the key; AwsError
 */
export const pollJob = async (row: JobRow, signal: AbortSignal, nowMs: number = Date.now()): Promise<PolledJob> => {
  const unchanged = (stale = false): PolledJob => ({ row, justEnded: false, stale });
  if (isEnded(row) || nowMs - row.polledAt < pollEveryMs) return unchanged();
  if (!(await takeTurn(row, nowMs))) {
    const now = await readJob(row.userId, row.id, nowMs);
    return { row: now ?? row, justEnded: false, stale: false };
  }
  const isOver = nowMs - row.createdAt > maxJobMs;
  let state: JobState;
  try {
    state = await ask(row, signal);
  } catch (error) {
    if (error instanceof ProviderFailure) increment("ProviderFailures");
    if (isOver && isProvidersFault(error)) state = timedOut;
    else if (!(error instanceof ProviderFailure)) throw error;
    else if (isTransient(error) || error.kind === "aborted") return unchanged(true);
    else throw failureToError(error, singleCall(row.byok));
  }
  const polled = { ...row, polledAt: nowMs };
  if ((state.status === "queued" || state.status === "processing") && !isOver) {
    const { status, detail } = state;
    if (status !== row.status || detail !== row.detail) await noteProgress(row, status, detail);
    return { row: { ...polled, status, detail }, justEnded: false, stale: false };
  }
  const ended = state.status === "completed" || state.status === "failed" ? state : timedOut;
  const end = await finishJob(row, ended, nowMs);
  return {
    row: {
      ...polled,
      status: end.status,
      finishedAt: end.finishedAt,
      output: end.output === undefined ? undefined : [...end.output],
      outputHeldUntil: end.outputHeldUntil,
      error: end.error,
      usage: { ...row.usage, units: end.units, costPicoUsd: end.costPicoUsd },
    },
    justEnded: true,
    stale: false,
  };
};
