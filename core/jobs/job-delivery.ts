import type { DeliveryRow } from "#core/db/deliveries.ts";
import { keepDeliveryMs } from "#core/db/deliveries.ts";
import type { JobRow } from "#core/db/jobs.ts";
import { newId } from "#core/ids.ts";
import { toJsonText } from "#core/values/json-text.ts";
import { jobView } from "./job-view.ts";

/** What the seal of a job's signing secret is bound to. */
export const secretContext = (jobId: string): string => `webhook/${jobId}`;

/** The delivery that tells a job's end to its owner's server; undefined for a job without a webhook. */
export const jobDelivery = (row: JobRow, nowMs: number): DeliveryRow | undefined => {
  const { webhook, id, userId } = row;
  if (webhook === undefined) return undefined;
  return {
    id: newId("delivery"),
    userId,
    kind: "job",
    messageId: `msg_${id.slice("job_".length)}`,
    url: webhook.url,
    secret: webhook.secret,
    secretContext: secretContext(id),
    body: toJsonText({
      type: `job.${row.status}`,
      timestamp: new Date(row.finishedAt ?? nowMs).toISOString(),
      data: jobView(row, nowMs),
    }),
    state: "pending",
    tries: row.webhookTries,
    createdAt: nowMs,
    nextTryAt: nowMs,
    expiresAt: Math.floor((nowMs + keepDeliveryMs) / 1_000),
  };
};
