import type { RequestContext } from "#core/context.ts";
import { type JobKind, type JobOutput, putJob } from "#core/db/jobs.ts";
import { newId } from "#core/ids.ts";
import type { MediaRun } from "#core/media/media-run.ts";

const keepMs = 7 * 86_400_000;

export interface RememberedOutput {
  readonly kind: Extract<JobKind, "image" | "speech" | "music">;
  readonly output: readonly JobOutput[];
  readonly units: number;
  readonly simulated: boolean;
}

/**
 * Puts what was made at once and lies at its provider among the caller's jobs, for the gallery. What came as bytes is not
 * kept: nothing is written without a URL. @throws AwsError
 */
export const rememberOutput = async (
  context: RequestContext,
  run: MediaRun,
  { kind, output, units, simulated }: RememberedOutput,
): Promise<void> => {
  if (output.length === 0) return;
  const nowMs = Date.now();
  const { model, quote, userId, day, byok } = run;
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
      output: output.map((one) => ({ ...one })),
      byok,
      usage: {
        day,
        requestId: context.requestId,
        unit: quote.unit,
        units,
        costPicoUsd: run.costPicoUsd,
        bookedPicoUsd: 0n,
        attempts: [],
      },
      polledAt: nowMs,
      webhookTries: 0,
      webhookHeldUntil: 0,
      expiresAt: Math.floor((nowMs + keepMs) / 1_000),
    },
    undefined,
  );
};
