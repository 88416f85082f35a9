import { resolveMediaModel } from "#core/catalog/media-models.ts";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { RequestContext } from "#core/context.ts";
import type { Caller } from "#core/generation/caller.ts";
import { jobOpenMs } from "#core/jobs/job-times.ts";
import { type StartedJob, startJob } from "#core/jobs/start-job.ts";
import { MediaRun } from "#core/media/media-run.ts";
import { runFashn } from "#core/providers/media/fashn/run.ts";
import { type FashionModel, type FashionRun, mostCredits } from "#core/schemas/fashion.ts";

export interface FashionJob {
  readonly run: MediaRun;
  readonly started: Promise<StartedJob>;
}

/** Starts a run of FASHN as a job of the caller. The inputs are already checked. @throws GatewayError */
export const startFashion = (
  context: RequestContext,
  { model_name: name, inputs, webhookUrl }: FashionRun,
  caller: Caller,
  timeoutMs = 60_000,
): FashionJob => {
  const model = resolveMediaModel(name, "fashion", "model_name");
  const credits = mostCredits(model.id as FashionModel, inputs);
  const run = new MediaRun({
    context,
    ...caller,
    model,
    quote: { unit: "credits", units: credits, costPicoUsd: mediaCostPicoUsd("fashn", credits) },
    timeoutMs,
    prompt: ["prompt" in inputs && typeof inputs.prompt === "string" ? inputs.prompt : undefined],
    openForMs: jobOpenMs,
  });
  const started = startJob(context, run, {
    kind: "fashion",
    webhookUrl,
    submit: (credential, signal) => runFashn(credential, { model_name: model.id, inputs }, signal),
  });
  return { run, started };
};
