import type { JobRow } from "#core/db/jobs.ts";
import { readJob } from "#core/db/jobs.ts";
import { GatewayError } from "#core/errors.ts";
import { jobView } from "#core/jobs/job-view.ts";
import { pollJob } from "#core/jobs/poll-job.ts";
import type { StartedJob } from "#core/jobs/start-job.ts";
import { keyPrincipal } from "./authenticate.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

/** Shared by the endpoints that start jobs and those that report them. */

type Show = (row: JobRow, nowMs: number) => object;

/** How long a status call waits for the provider, ms. */
const pollTimeoutMs = 20_000;
/** A buffered answer waits about this long for the owner's deliveries; the worker makes the others, ms. */
const firstDeliveryMs = 3_000;

const noSuchJob = (param: string): GatewayError => new GatewayError("NOT_FOUND", "No job has this id.", { param });

/** The answer to starting a job. It shows the webhook's secret this once. */
export const startedResult = (
  { row, webhookSecret, headers }: StartedJob,
  status: number,
  show: Show = jobView,
): EndpointResult => ({
  status,
  json: {
    success: true,
    data: { ...show(row, Date.now()), ...(webhookSecret === undefined ? {} : { webhookSecret }) },
  },
  headers,
});

/** Headers that name the model and provider of a job. */
export const servedHeaders = ({ model, provider, simulated }: JobRow): Record<string, string> => ({
  "x-model-used": model,
  "x-provider-used": simulated ? `${provider} (simulated)` : provider,
});

/** A user's own job, as stored. @throws GatewayError NOT_FOUND, also for another user's job */
export const ownJob = async (userId: string, jobId: string, param: string): Promise<JobRow> => {
  const found = jobId.length <= 100 ? await readJob(userId, jobId, Date.now()) : undefined;
  if (found === undefined) throw noSuchJob(param);
  return found;
};

/** The caller's own job of some kinds, polled. @throws GatewayError NOT_FOUND, also for another user's job */
export const polledJob = async (
  call: Call<unknown>,
  jobId: string,
  kinds: readonly JobRow["kind"][],
  param: string,
): Promise<{ readonly row: JobRow; readonly headers: Record<string, string> }> => {
  const found = await ownJob(keyPrincipal(call).userId, jobId, param);
  if (!kinds.includes(found.kind)) throw noSuchJob(param);
  const { row, justEnded, stale } = await pollJob(found, AbortSignal.timeout(pollTimeoutMs));
  if (justEnded && row.webhook !== undefined) {
    call.deferred.push(async () => {
      const { serveOwner } = await import("#core/deliveries/take-turn.ts");
      await serveOwner(row.userId, { timeoutMs: firstDeliveryMs, signal: AbortSignal.timeout(firstDeliveryMs / 2) });
    });
  }
  return {
    row,
    headers: { ...servedHeaders(row), ...(stale ? { "x-warnings": "provider-out-of-reach" } : {}) },
  };
};

/** The answer to a status call. */
export const jobResult = async (
  call: Call<unknown>,
  jobId: string,
  kinds: readonly JobRow["kind"][],
  param: string,
  show: Show = jobView,
): Promise<EndpointResult> => {
  const { row, headers } = await polledJob(call, jobId, kinds, param);
  return { status: 200, json: { success: true, data: show(row, Date.now()) }, headers };
};
