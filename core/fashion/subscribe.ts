import type { JobRow } from "#core/db/jobs.ts";
import { GatewayError } from "#core/errors.ts";
import { failureToError, singleCall } from "#core/generation/failure-to-error.ts";
import { isEnded, jobCredential, pollEveryMs, pollJob } from "#core/jobs/poll-job.ts";
import type { MediaRun } from "#core/media/media-run.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { pause } from "#core/routing/retry.ts";
import { fashionView } from "./fashion-view.ts";
import { heldOutput } from "./fashn.ts";

/**
 * The stream of a fashion job: `start`, `progress` with each look, then `result`, or `error` with the failure's name; `done`
 * is last. Its own time limit ends the stream, not the job: the status endpoint goes on telling of it.
 */

const event = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

const failure = (row: JobRow, name: string, message: string): string => {
  const error = new GatewayError("PROVIDER_ERROR", message, {
    details: { name, id: row.id, provider: row.provider },
    shouldRetry: false,
  });
  return event("error", error.toBody());
};

/** The output of an ended job that is too large to be kept; undefined for any other. @throws GatewayError */
export const outputOf = async (
  row: JobRow,
  signal: AbortSignal,
  nowMs: number,
): Promise<readonly string[] | undefined> => {
  if (row.outputHeldUntil === undefined || row.outputHeldUntil <= nowMs) return undefined;
  try {
    return await heldOutput(row.ticket, await jobCredential(row), signal);
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    throw failureToError(error, singleCall(row.byok));
  }
};

export interface FashionStream {
  readonly run: MediaRun;
  readonly row: JobRow;
  readonly webhookSecret: string | undefined;
  /** Unix ms at which the stream gives up. */
  readonly untilMs: number;
  /** The job's end was seen here first. */
  readonly onEnd: (row: JobRow) => void;
}

/** The events of one job until its end or the stream's own. @throws GatewayError when it was cancelled */
export async function* fashionEvents(stream: FashionStream): AsyncGenerator<string, void, undefined> {
  const { run, untilMs, webhookSecret } = stream;
  const { signal } = run;
  let { row } = stream;
  yield event("start", { ...fashionView(row, Date.now()), ...(webhookSecret === undefined ? {} : { webhookSecret }) });
  while (!isEnded(row)) {
    const nowMs = Date.now();
    if (nowMs >= untilMs) {
      yield failure(row, "PollingTimeout", "The stream's time is over; the job goes on. Ask its status.");
      yield event("done", { id: row.id, status: fashionView(row, nowMs).status });
      return;
    }
    const polled = await pollJob(row, signal, nowMs);
    row = polled.row;
    if (polled.justEnded) stream.onEnd(row);
    if (isEnded(row)) break;
    const { id, status } = fashionView(row, nowMs);
    yield event("progress", { id, status, elapsedMs: nowMs - row.createdAt });
    await pause(Math.min(pollEveryMs + 20, Math.max(0, untilMs - Date.now())), signal);
    if (signal.aborted) throw run.fail(undefined);
  }
  const nowMs = Date.now();
  if (row.status === "failed") {
    const { name = "PipelineError", message = "The run failed." } = row.error ?? {};
    yield failure(row, name, message);
  } else {
    yield event("result", { success: true, data: fashionView(row, nowMs, await outputOf(row, signal, nowMs)) });
  }
  yield event("done", { id: row.id, status: row.status });
}
