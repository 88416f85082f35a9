import type { RequestContext } from "#core/context.ts";
import { type JobKind, type JobRow, putJob } from "#core/db/jobs.ts";
import { newSigningSecret, requirePublicHost } from "#core/deliveries/destination.ts";
import { newId } from "#core/ids.ts";
import type { Submission } from "#core/providers/media/job-adapter.ts";
import type { KeyCredential } from "#core/providers/provider.ts";
import { secretContext } from "./job-delivery.ts";
import type { StartingRequest } from "./job-request.ts";
import { keepJobMs } from "./job-times.ts";

/** When the poller first looks at a job with a webhook, and at one that nobody may ask about, ms after its start. */
const firstPollMs = 15_000;
const unaskedPollMs = 30 * 60_000;

export interface JobPlan {
  readonly kind: JobKind;
  readonly webhookUrl: string | undefined;
  /** Submits the work to the provider. @throws ProviderFailure */
  readonly submit: (credential: KeyCredential, signal: AbortSignal) => Promise<Submission>;
}

export interface StartedJob {
  readonly row: JobRow;
  /** Returned to the caller this once. */
  readonly webhookSecret: string | undefined;
  readonly headers: Record<string, string>;
}

/** Submits work to a provider and records it as a job of the caller. @throws GatewayError */
export const startJob = async (
  context: RequestContext,
  request: StartingRequest,
  { kind, webhookUrl, submit }: JobPlan,
): Promise<StartedJob> => {
  if (webhookUrl !== undefined) await request.guard(() => requirePublicHost(webhookUrl));
  const credential = await request.open();
  return request.guard(async () => {
    const { model, quote, userId, keyId, day } = request;
    const id = newId("job");
    const signing = webhookUrl === undefined ? undefined : await newSigningSecret(userId, secretContext(id));
    const { ticket, simulated } = await request.attempt(() => submit(credential, request.signal));
    request.underWay();
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
      byok: request.byok,
      ...(credential.providerKeyId === undefined ? {} : { providerKeyId: credential.providerKeyId }),
      usage: {
        day,
        requestId: context.requestId,
        keyId,
        ...(request.contentDays === undefined ? {} : { contentDays: request.contentDays }),
        unit: quote.unit,
        units: quote.units,
        costPicoUsd: quote.costPicoUsd,
        bookedPicoUsd: request.bookedPicoUsd,
        ...(request.bookedBudget === undefined ? {} : { budget: request.bookedBudget }),
        attempts: [...request.attempts],
      },
      polledAt: 0,
      ...(webhookUrl === undefined || signing === undefined
        ? {}
        : { webhook: { url: webhookUrl, secret: signing.sealed }, webhookState: "waiting" as const }),
      webhookTries: 0,
      webhookHeldUntil: 0,
      expiresAt: Math.floor((nowMs + keepJobMs) / 1_000),
    };
    await putJob(row, nowMs + (signing === undefined ? unaskedPollMs : firstPollMs));
    request.handOver();
    return { row, webhookSecret: signing?.secret, headers: request.headers(simulated) };
  });
};
