import type { RequestContext } from "#core/context.ts";
import { putJob } from "#core/db/jobs.ts";
import { newId } from "#core/ids.ts";
import type { MediaRun } from "#core/media/media-run.ts";
import type { MadeImage } from "./image-work.ts";

const keepMs = 7 * 86_400_000;

/** Puts images that lie at their provider among the caller's jobs, for the gallery. What came as bytes is not kept. */
export const rememberImages = async (
  context: RequestContext,
  run: MediaRun,
  images: readonly MadeImage[],
  simulated: boolean,
): Promise<void> => {
  const output = images.flatMap(({ url, contentType, expiresAt }) =>
    url === null || url.startsWith("data:")
      ? []
      : [
          {
            url,
            ...(contentType === null ? {} : { contentType }),
            ...(expiresAt === null ? {} : { expiresAt }),
          },
        ],
  );
  if (output.length === 0) return;
  const nowMs = Date.now();
  const { model, quote, userId, day, byok } = run;
  await putJob(
    {
      id: newId("job"),
      userId,
      kind: "image",
      model: model.id,
      provider: model.provider,
      simulated,
      ticket: {},
      status: "completed",
      createdAt: context.startedAtMs,
      finishedAt: nowMs,
      output,
      byok,
      usage: {
        day,
        requestId: context.requestId,
        unit: quote.unit,
        units: output.length,
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
