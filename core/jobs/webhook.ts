import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { closeWebhook, holdWebhook, type JobRow, retryWebhook } from "#core/db/jobs.ts";
import { openText, type SealedText, sealText } from "#core/encryption/sealed-text.ts";
import { GatewayError } from "#core/errors.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { guardedLookup } from "#core/outbound/fetch-image.ts";
import { isPublicAddress } from "#core/outbound/public-address.ts";
import { toJsonText } from "#core/values/json-text.ts";
import { jobView } from "./job-view.ts";

// As in core/outbound/transport.ts: node's ESM facade of node:http(s) would load all of undici.
const https = process.getBuiltinModule("node:https");

/**
 * Reports a job's end to its owner's server, signed as Standard Webhooks 1.0.0: every attempt has the same `webhook-id`, 2xx is
 * success, redirects are not followed, 410 ends the attempts, and anything else is retried over three days.
 */

/** Delays between attempts, ms. The call that saw the end makes the first attempt. */
const delaysMs = [60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map((seconds) => seconds * 1_000);
const defaultTimeoutMs = 15_000;
const lookupTimeoutMs = 3_000;
const holdMs = 60_000;
const maxRetryAfterMs = 86_400_000;

/** Binds a sealed secret to its job. */
const sealContext = (jobId: string): string => `webhook/${jobId}`;

const refuse = (why: string): GatewayError =>
  new GatewayError("BAD_REQUEST", `The webhook URL cannot be used: ${why}.`, { param: "webhookUrl" });

/**
 * Refuses a webhook whose host resolves to an address that is not public. Each delivery checks again inside its connection,
 * since the name may resolve differently by then. @throws GatewayError BAD_REQUEST
 */
export const requirePublicHost = async (url: string): Promise<void> => {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0) {
    if (!isPublicAddress(host)) throw refuse("its address is not public");
    return;
  }
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("The host did not resolve in time")), lookupTimeoutMs);
  });
  const addresses = await Promise.race([lookup(host, { all: true }), timeout])
    .catch(() => {
      throw refuse("its host does not resolve");
    })
    .finally(() => clearTimeout(timer));
  if (!addresses.every(({ address }) => isPublicAddress(address))) throw refuse("its address is not public");
};

/** A secret for one job's webhook, returned to the caller once, and its sealed form for the row. @throws AwsError */
export const newWebhook = async (
  url: string,
  userId: string,
  jobId: string,
): Promise<{ readonly secret: string; readonly stored: { readonly url: string; readonly secret: SealedText } }> => {
  const secret = `whsec_${randomBytes(24).toString("base64")}`;
  const sealed = await sealText(secret, userId, sealContext(jobId));
  if (sealed === undefined) throw new Error("A webhook's secret was too long to seal");
  return { secret, stored: { url, secret: sealed } };
};

export interface DeliveryOptions {
  /** Which addresses may be connected to: public ones, except in tests. */
  readonly allows?: (address: string) => boolean;
  /** Certificate authority of a test's server. */
  readonly ca?: string;
  readonly nowMs?: number;
  /** For the whole delivery, ms. */
  readonly timeoutMs?: number;
}

interface DeliveryResult {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
}

const post = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  { allows = isPublicAddress, ca, timeoutMs = defaultTimeoutMs }: DeliveryOptions,
): Promise<DeliveryResult> =>
  new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    // A literal address is connected to without a lookup.
    if (isIP(host) !== 0 && !allows(host)) {
      reject(new Error("The address is not public"));
      return;
    }
    const call = https.request(url, {
      method: "POST",
      agent: false,
      lookup: guardedLookup(allows),
      signal: AbortSignal.timeout(timeoutMs),
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      ...(ca === undefined ? {} : { ca }),
    });
    call.once("response", (response: IncomingMessage) => {
      const seconds = Number(response.headers["retry-after"]);
      response.destroy();
      resolve({
        status: response.statusCode ?? 0,
        retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined,
      });
    });
    call.once("error", reject);
    call.end(body);
  });

const send = async (
  row: JobRow,
  url: string,
  sealed: SealedText,
  options: DeliveryOptions,
): Promise<DeliveryResult> => {
  const nowMs = options.nowMs ?? Date.now();
  const [{ signWebhook }, secret] = await Promise.all([
    import("./sign-webhook.ts"),
    openText(sealed, row.userId, sealContext(row.id)),
  ]);
  const body = toJsonText({
    type: `job.${row.status}`,
    timestamp: new Date(row.finishedAt ?? nowMs).toISOString(),
    data: jobView(row, nowMs),
  });
  const id = `msg_${row.id.slice(4)}`;
  const sentAt = new Date(nowMs);
  const headers = {
    "content-type": "application/json",
    "user-agent": "concurred-webhooks/1.0",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1_000)),
    "webhook-signature": signWebhook(secret, id, sentAt, body),
  };
  return post(new URL(url), headers, body, options);
};

/** Jitter over the last quarter, so that deliveries that failed together are not retried together. */
const jittered = (delayMs: number): number => delayMs * (0.75 + Math.random() / 4);

/**
 * Delivers the webhook of an ended job, unless another call is doing so, and records when to try again.
 * Resolves to whether this call delivered it. @throws AwsError
 */
export const deliverWebhook = async (row: JobRow, options: DeliveryOptions = {}): Promise<boolean> => {
  const { webhook } = row;
  const nowMs = options.nowMs ?? Date.now();
  if (webhook === undefined || row.webhookState !== "waiting") return false;
  if (!(await holdWebhook(row, nowMs, nowMs + holdMs))) return false;
  let result: DeliveryResult | undefined;
  try {
    result = await send(row, webhook.url, webhook.secret, options);
  } catch (error) {
    logger.warn("A webhook could not be delivered", { jobId: row.id, error: loggableError(error) });
  }
  if (result !== undefined && result.status >= 200 && result.status < 300) {
    await closeWebhook(row, "delivered");
    return true;
  }
  const delayMs = delaysMs[row.webhookTries];
  if (result?.status === 410 || delayMs === undefined) {
    logger.warn("A webhook was abandoned", { jobId: row.id, status: result?.status ?? null });
    await closeWebhook(row, "given-up");
    return false;
  }
  const retryAfterMs = Math.min(result?.retryAfterMs ?? 0, maxRetryAfterMs);
  await retryWebhook(row, nowMs + Math.max(retryAfterMs, jittered(delayMs)));
  return false;
};
