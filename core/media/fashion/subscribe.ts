import type { JobRow } from "#core/db/jobs.ts";
import { GatewayError } from "#core/errors.ts";
import { isEnded } from "#core/jobs/is-ended.ts";
import { pollEveryMs, pollJob } from "#core/jobs/poll-job.ts";
import type { MediaRun } from "#core/media/media-run.ts";
import { pause } from "#core/values/pause.ts";
import { fashionView } from "./fashion-view.ts";
import { readHeldOutput } from "./held-output.ts";

/**
 * The stream of a fashion job: `start`, a `progress` per poll, then `result`, or `error` with the failure's name, and `done`
 * last. The stream's own time limit ends the stream, not the job, which the status endpoint still reports.
 */

const event = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

const failure = (row: JobRow, name: string, message: string): string => {
  const error = new GatewayError("PROVIDER_ERROR", message, {
    details: { name, id: row.id, provider: row.provider },
    shouldRetry: false,
  });
  return event("error", error.toBody());
};

export interface FashionStream {
  readonly run: Pick<MediaRun, "signal" | "fail">;
  readonly row: JobRow;
  readonly webhookSecret: string | undefined;
  /** Unix ms at which the stream gives up. */
  readonly untilMs: number;
  /** Called when this stream is the first to see the job's end. */
  readonly onEnd: (row: JobRow) => void;
}

/** The events of a job until the end of the job or the stream. @throws GatewayError when it is cancelled */
export async function* fashionEvents(stream: FashionStream): AsyncGenerator<string, void, undefined> {
  const { run, untilMs, webhookSecret } = stream;
  const { signal } = run;
  let { row } = stream;
  yield event("start", { ...fashionView(row, Date.now()), ...(webhookSecret === undefined ? {} : { webhookSecret }) });
  while (!isEnded(row)) {
    const nowMs = Date.now();
    if (nowMs >= untilMs) {
      yield failure(row, "PollingTimeout", "The stream timed out, but the job is still running. Poll its status.");
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
    yield event("result", { success: true, data: fashionView(row, nowMs, await readHeldOutput(row, signal, nowMs)) });
  }
  yield event("done", { id: row.id, status: row.status });
}
