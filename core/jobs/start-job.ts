import type { RequestContext } from "#core/context.ts";
import { type JobKind, type JobRow, putJob } from "#core/db/jobs.ts";
import { newId } from "#core/ids.ts";
import type { MediaCredential } from "#core/media/credential.ts";
import type { MediaRun } from "#core/media/media-run.ts";
import { spendOf } from "#core/media/quote.ts";
import { maxJobMs } from "./poll-job.ts";
import { newWebhook, requirePublicHost } from "./webhook.ts";

/** How long a job and its result are remembered, ms. */
const keepMs = 7 * 86_400_000;
/** When the poller first looks after a job that has a webhook, and after one that nobody asks about any more, ms. */
const firstLookMs = 15_000;
const lastLookMs = 30 * 60_000;

/** A job's usage row may be open for so long: nothing else settles it before, ms. */
export const jobOpenMs = maxJobMs + 3_600_000;

export interface Submission {
  /** What the provider is asked about later. */
  readonly ticket: Readonly<Record<string, string>>;
  readonly simulated: boolean;
}

export interface JobPlan {
  readonly kind: JobKind;
  readonly webhookUrl: string | undefined;
  /** Hands the work to the provider. @throws ProviderFailure */
  readonly submit: (credential: MediaCredential, signal: AbortSignal) => Promise<Submission>;
}

export interface StartedJob {
  readonly row: JobRow;
  /** Shown this once. */
  readonly webhookSecret: string | undefined;
  readonly headers: Record<string, string>;
}

/** Hands work to a provider and remembers it as a job of the caller. @throws GatewayError */
export const startJob = async (context: RequestContext, run: MediaRun, plan: JobPlan): Promise<StartedJob> => {
  const { webhookUrl, kind } = plan;
  if (webhookUrl !== undefined) await run.guard(() => requirePublicHost(webhookUrl));
  const credential = await run.open();
  return run.guard(async () => {
    const { model, quote, userId, day } = run;
    const id = newId("job");
    const webhook = webhookUrl === undefined ? undefined : await newWebhook(webhookUrl, userId, id);
    const { ticket, simulated } = await run.attempt(() => plan.submit(credential, run.signal));
    run.underWay();
    const nowMs = Date.now();
    const row: JobRow = {
      id,
      userId,
      kind,
      model: model.id,
      provider: model.provider,
      simulated,
      ticket: { ...ticket },
      status: "queued",
      createdAt: nowMs,
      byok: run.byok,
      ...(credential.providerKeyId === undefined ? {} : { providerKeyId: credential.providerKeyId }),
      usage: {
        day,
        requestId: context.requestId,
        unit: quote.unit,
        units: quote.units,
        costPicoUsd: quote.costPicoUsd,
        bookedPicoUsd: run.byok ? 0n : spendOf(quote),
        attempts: [...run.attempts],
      },
      polledAt: 0,
      ...(webhook === undefined ? {} : { webhook: webhook.stored, webhookState: "waiting" as const }),
      webhookTries: 0,
      webhookHeldUntil: 0,
      expiresAt: Math.floor((nowMs + keepMs) / 1_000),
    };
    await putJob(row, nowMs + (webhook === undefined ? lastLookMs : firstLookMs));
    run.handOver();
    return { row, webhookSecret: webhook?.secret, headers: run.headers(simulated) };
  });
};
