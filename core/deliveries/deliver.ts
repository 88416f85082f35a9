import { config } from "#core/config.ts";
import { type DeliveryRow, exportedContentContext, keepDeliveryMs, moveDelivery } from "#core/db/deliveries.ts";
import { openText } from "#core/encryption/sealed-text.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import { nextTryMs } from "./backoff.ts";
import { type DeliveryAnswer, type DeliveryOptions, post } from "./post.ts";

/**
 * Makes one attempt at a delivery, signed as Standard Webhooks 1.0.0, and records what came of it. 2xx is success, 410 ends the
 * attempts, redirects are not followed, and anything else is tried again for a day.
 */

/**
 * Where a message goes now, with its owner's headers and the hosts that may be private; undefined when its export is gone or
 * off. @throws AwsError
 */
const destinationOf = async ({ userId, url, exportId }: DeliveryRow) => {
  if (exportId === undefined) return { url, headers: {}, listed: [], takesContent: false };
  const { exportContext, readExport } = await import("#core/db/exports.ts");
  const target = await readExport(userId, exportId);
  if (target === undefined || !target.enabled) return undefined;
  const sealed = target.headers;
  const opened = sealed === undefined ? "{}" : await openText(sealed, userId, exportContext(exportId, "headers"));
  const headers = JSON.parse(opened) as Readonly<Record<string, string>>;
  return { url: target.url, headers, listed: config.customHosts(), takesContent: target.includeContent === true };
};

/** What is recorded where there is nobody to send to: as if the receiver had gone. */
const gone: DeliveryAnswer = { status: 410, retryAfterMs: undefined };

/** What is sent: with recorded content, as long as that is kept. @throws AwsError */
const bodyOf = async ({ userId, id, body = "", hasContent }: DeliveryRow, nowMs: number): Promise<string> => {
  if (hasContent !== true) return body;
  const { readExportedContent } = await import("#core/db/recorded-content.ts");
  const kept = await readExportedContent(userId, id, nowMs);
  if (kept === undefined) return body;
  return openText(kept.sealed, userId, exportedContentContext(id));
};

const send = async (row: DeliveryRow, options: DeliveryOptions): Promise<DeliveryAnswer> => {
  const { userId, messageId, secret, secretContext = "" } = row;
  const destination = await destinationOf(row);
  if (destination === undefined) return gone;
  // Its owner may have thought better of it since.
  const body = destination.takesContent ? await bodyOf(row, options.nowMs ?? Date.now()) : (row.body ?? "");
  const sentAt = new Date(options.nowMs ?? Date.now());
  const headers: Record<string, string> = {
    ...destination.headers,
    "content-type": "application/json",
    "user-agent": "concurred-webhooks/1.0",
    "webhook-id": messageId,
    "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1_000)),
  };
  if (secret !== undefined) {
    const [{ signWebhook }, opened] = await Promise.all([
      import("./sign-webhook.ts"),
      openText(secret, userId, secretContext),
    ]);
    headers["webhook-signature"] = signWebhook(opened, messageId, sentAt, body);
  }
  return post(new URL(destination.url), headers, body, { ...options, listed: destination.listed });
};

/** The row once nothing is left to do: what was sent is not kept. */
export const ended = (row: DeliveryRow, state: "delivered" | "dead", nowMs: number): DeliveryRow => ({
  ...row,
  state,
  body: undefined,
  hasContent: undefined,
  secret: undefined,
  secretContext: undefined,
  expiresAt: Math.floor((nowMs + keepDeliveryMs) / 1_000),
});

/** When the worker has a message that others must not open, ms. */
const leaveForMs = 1_000;

/** Resolves to whether the receiver answered as it should; if not, what else waits for it may wait. @throws TableUnavailable */
export const deliver = async (row: DeliveryRow, options: DeliveryOptions = {}): Promise<boolean> => {
  if (row.hasContent === true && options.opensContent !== true) {
    await moveDelivery(row, { ...row, nextTryAt: (options.nowMs ?? Date.now()) + leaveForMs });
    return true;
  }
  let answer: DeliveryAnswer | undefined;
  try {
    answer = await send(row, options);
  } catch (error) {
    logger.warn("A delivery got no answer", { deliveryId: row.id, kind: row.kind, error: loggableError(error) });
  }
  const nowMs = options.nowMs ?? Date.now();
  const tries = row.tries + 1;
  const tried = { ...row, tries, lastTriedAt: nowMs, lastStatus: answer?.status };
  if (answer !== undefined && answer.status >= 200 && answer.status < 300) {
    await moveDelivery(row, ended(tried, "delivered", nowMs));
    return true;
  }
  const { createdAt } = row;
  const next =
    answer?.status === 410 ? undefined : nextTryMs({ tries, createdAt, nowMs, retryAfterMs: answer?.retryAfterMs });
  if (next === undefined) {
    increment("DeadDeliveries");
    logger.warn("A delivery was given up", { deliveryId: row.id, kind: row.kind, status: answer?.status ?? null });
    await moveDelivery(row, ended(tried, "dead", nowMs));
  } else {
    await moveDelivery(row, { ...tried, nextTryAt: next });
  }
  return answer?.status === 410;
};
