import type { RequestContext } from "#core/context.ts";
import { type JobKind, putJob } from "#core/db/jobs.ts";
import { newId } from "#core/ids.ts";
import type { OutputFile } from "#core/providers/media/output-file.ts";
import type { RecordedRequest } from "./job-request.ts";
import { keepJobMs } from "./job-times.ts";

export interface RememberedOutput {
  readonly kind: Extract<JobKind, "image" | "speech" | "music">;
  readonly output: readonly OutputFile[];
  readonly units: number;
  readonly simulated: boolean;
}

/**
 * Lists output that was made within its request among the caller's jobs, for the gallery. Output that was answered as bytes is
 * not kept: its job has no file. @throws AwsError
 */
export const rememberOutput = async (
  context: RequestContext,
  request: RecordedRequest,
  { kind, output, units, simulated }: RememberedOutput,
): Promise<void> => {
  const nowMs = Date.now();
  const { model, quote, userId, keyId, day, byok } = request;
  await putJob(
    {
      id: newId("job"),
      userId,
      kind,
      model: model.id,
      provider: model.provider,
      simulated,
      ticket: {},
      status: "completed",
      createdAt: context.startedAtMs,
      finishedAt: nowMs,
      output: output.map((file) => ({ ...file })),
      byok,
      usage: {
        day,
        requestId: context.requestId,
        keyId,
        ...(request.contentDays === undefined ? {} : { contentDays: request.contentDays }),
        unit: quote.unit,
        units,
        costPicoUsd: request.costPicoUsd,
        bookedPicoUsd: 0n,
        attempts: [],
      },
      polledAt: nowMs,
      webhookTries: 0,
      webhookHeldUntil: 0,
      expiresAt: Math.floor((nowMs + keepJobMs) / 1_000),
    },
    undefined,
  );
};
