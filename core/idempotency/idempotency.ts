import { createHash } from "node:crypto";
import * as z from "zod";
import { canonicalJson } from "#core/cache/cache-key.ts";
import { maxTextBytes, openText, sealedTextSchema, sealText } from "#core/cache/sealed-text.ts";
import { rowKeys } from "#core/db/row-keys.ts";
import { deleteItem, failedCondition, type PlainItem, putItem } from "#core/db/table.ts";
import { GatewayError } from "#core/errors.ts";

/**
 * `Idempotency-Key`: the same key and body within 24 hours replays the first answer without a second generation. A lease
 * held by one conditional write keeps two at once apart; it ends with the request's deadline, so a crashed one frees it.
 * 5xx, 429 and other passing refusals are not kept: a retry may do better.
 */

const keepSeconds = 86_400;

export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly streamed: boolean;
}

const rowSchema = z.object({
  requestId: z.string(),
  bodyHash: z.string(),
  state: z.enum(["running", "done", "not-kept"]),
  /** Unix seconds at which a running lease ends. */
  leaseUntil: z.number(),
  expiresAt: z.number(),
  status: z.number().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  streamed: z.boolean().optional(),
  sealed: sealedTextSchema.optional(),
});

const keyPattern = /^[\x21-\x7e]{1,255}$/;

/** The caller's key, checked. @throws GatewayError BAD_REQUEST */
export const readIdempotencyKey = (header: string | undefined): string | undefined => {
  if (header === undefined) return undefined;
  if (keyPattern.test(header)) return header;
  throw new GatewayError("BAD_REQUEST", "Idempotency-Key is 1 to 255 printable characters without spaces.", {
    param: "Idempotency-Key",
  });
};

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface LeaseRequest {
  readonly userId: string;
  readonly route: string;
  readonly key: string;
  readonly body: unknown;
  readonly requestId: string;
  /** Unix ms. */
  readonly deadlineMs: number;
  readonly nowMs: number;
}

const stillRunning = (requestId: string): GatewayError =>
  new GatewayError("CONFLICT", "The first request with this Idempotency-Key is still running.", {
    retryAfterSeconds: 2,
    details: { requestId },
  });

const doneNotKept = (requestId: string): GatewayError =>
  new GatewayError(
    "CONFLICT",
    "The first request with this Idempotency-Key is done; its answer was too long to keep.",
    {
      details: { requestId, done: true },
      shouldRetry: false,
    },
  );

const mismatch = (): GatewayError =>
  new GatewayError("IDEMPOTENCY_MISMATCH", "This Idempotency-Key was used with another body.", {
    param: "Idempotency-Key",
  });

/** Refusals that say nothing about the request itself: a retry may do better. */
const isPassing = (status: number): boolean => status >= 500 || status === 429 || status === 409 || status === 402;

/** A lease taken: finish it with the answer, or give it up. */
export class IdempotencyLease {
  readonly #request: LeaseRequest;
  readonly #bodyHash: string;

  constructor(request: LeaseRequest, bodyHash: string) {
    this.#request = request;
    this.#bodyHash = bodyHash;
  }

  get #place(): string {
    return `${this.#request.route}/${sha256(this.#request.key)}`;
  }

  /** Keeps the answer for a day; a longer one only as done. Without an answer (429, 5xx, a cut) the key is free again. */
  async finish(answer: StoredAnswer | undefined): Promise<void> {
    const { userId, route, key, requestId } = this.#request;
    const row = rowKeys.idempotency(userId, route, sha256(key));
    const own = { condition: "requestId = :own", values: { ":own": requestId } };
    try {
      if (answer === undefined || isPassing(answer.status)) {
        await deleteItem("cache", row, own);
        return;
      }
      const nowMs = Date.now();
      const sealed =
        Buffer.byteLength(answer.body) > maxTextBytes
          ? undefined
          : await sealText(answer.body, userId, this.#place, nowMs);
      const expiresAt = Math.floor(nowMs / 1_000) + keepSeconds;
      await putItem(
        "cache",
        {
          ...row,
          requestId,
          bodyHash: this.#bodyHash,
          state: sealed === undefined ? "not-kept" : "done",
          leaseUntil: expiresAt,
          expiresAt,
          status: answer.status,
          headers: answer.headers,
          streamed: answer.streamed,
          ...(sealed === undefined ? {} : { sealed: { ...sealed } }),
        },
        own,
      );
    } catch (error) {
      // The lease had ended and another request holds the key now.
      if (failedCondition(error) === undefined) throw error;
    }
  }
}

const replay = async (item: PlainItem | undefined, request: LeaseRequest, bodyHash: string): Promise<StoredAnswer> => {
  const row = rowSchema.parse(item ?? {});
  if (row.bodyHash !== bodyHash) throw mismatch();
  if (row.state === "running") throw stillRunning(row.requestId);
  if (row.state === "not-kept" || row.sealed === undefined) throw doneNotKept(row.requestId);
  const body = await openText(row.sealed, request.userId, `${request.route}/${sha256(request.key)}`);
  return { status: row.status ?? 200, headers: row.headers ?? {}, body, streamed: row.streamed ?? false };
};

/**
 * Takes the lease of a key, or finds the answer that it has.
 * @throws GatewayError CONFLICT while the first runs or when its answer was not kept, IDEMPOTENCY_MISMATCH; AwsError
 */
export const takeLease = async (request: LeaseRequest): Promise<IdempotencyLease | StoredAnswer> => {
  const { userId, route, key, requestId, deadlineMs, nowMs } = request;
  const bodyHash = sha256(canonicalJson(request.body));
  const nowSeconds = Math.floor(nowMs / 1_000);
  const leaseUntil = Math.ceil(deadlineMs / 1_000) + 1;
  try {
    await putItem(
      "cache",
      {
        ...rowKeys.idempotency(userId, route, sha256(key)),
        requestId,
        bodyHash,
        state: "running",
        leaseUntil,
        expiresAt: leaseUntil,
      },
      {
        condition: "attribute_not_exists(pk) OR leaseUntil < :now OR requestId = :own",
        values: { ":now": nowSeconds, ":own": requestId },
      },
    );
    return new IdempotencyLease(request, bodyHash);
  } catch (error) {
    const failed = failedCondition(error);
    if (failed === undefined) throw error;
    return replay(failed.item, request, bodyHash);
  }
};
