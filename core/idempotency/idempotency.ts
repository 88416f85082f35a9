import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { rowKeys } from "#core/db/row-keys.ts";
import { deleteItem, failedCondition, type PlainItem, putItem } from "#core/db/table.ts";
import { SealBroken } from "#core/encryption/envelope.ts";
import { maxTextBytes, openText, type SealedText, sealedTextSchema, sealText } from "#core/encryption/sealed-text.ts";
import { GatewayError } from "#core/errors.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { fingerprintOf, fingerprintVersion, type RequestHeaders } from "./fingerprint.ts";

/**
 * `Idempotency-Key`: the same key and request within 24 hours replays the first answer without a second generation. A lease
 * held by one conditional write keeps two at once apart; it ends with the request's deadline, so a crashed one frees it, unless
 * it had begun to hand over paid work.
 * 5xx, 429 and other passing refusals are not kept: a retry may do better. An answer that cannot be kept is known as done, and
 * so is a failure after paid work was handed over.
 */

const keepSeconds = 86_400;

interface AnswerFacts {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly streamed: boolean;
}

/** An answer as it is replayed. */
export interface StoredAnswer extends AnswerFacts {
  readonly body: Buffer;
}

/** An answer that has ended. Without a body it was longer than `maxKeptBytes`. */
export interface EndedAnswer extends AnswerFacts {
  readonly body: Buffer | undefined;
}

/** Longer answers are known as done, but not kept. */
export const maxKeptBytes = maxTextBytes;

const rowSchema = z.object({
  requestId: z.string(),
  bodyHash: z.string(),
  /** Rows from before this field have version 1. */
  fingerprintVersion: z._default(z.number(), 1),
  state: z.enum(["running", "done", "not-kept"]),
  /** Unix seconds at which a running lease ends. */
  leaseUntil: z.number(),
  expiresAt: z.number(),
  status: z.optional(z.number()),
  headers: z.optional(z.record(z.string(), z.string())),
  streamed: z.optional(z.boolean()),
  /** The request failed after paid work was handed over. */
  handedOver: z.optional(z.boolean()),
  /** Set before paid work is handed over: unix seconds after which the request cannot be running any more. */
  handingOverUntil: z.optional(z.number()),
  sealed: z.optional(sealedTextSchema),
  /** How the sealed text stands for the body's bytes. */
  encoding: z._default(z.enum(["utf8", "base64"]), "utf8"),
});

type Row = z.infer<typeof rowSchema>;

const keyPattern = /^[\x21-\x7e]{1,255}$/;

/** The caller's key, checked. @throws GatewayError BAD_REQUEST */
export const checkedIdempotencyKey = (header: string): string => {
  if (keyPattern.test(header)) return header;
  throw new GatewayError("BAD_REQUEST", "Idempotency-Key must be 1 to 255 printable characters without spaces.", {
    param: "Idempotency-Key",
  });
};

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface LeaseRequest {
  readonly userId: string;
  readonly route: string;
  readonly key: string;
  readonly body: unknown;
  /** By names in lower case. */
  readonly headers: RequestHeaders;
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
    "The first request with this Idempotency-Key has completed, but its answer was not kept.",
    {
      details: { requestId, done: true },
      shouldRetry: false,
    },
  );

const failedAfterHandOver = ({ requestId, status }: Row): GatewayError =>
  new GatewayError(
    "CONFLICT",
    `The first request with this Idempotency-Key failed${status === undefined ? "" : ` with ${status}`} after its work was handed over to a provider, which may charge for it. Use another key to start it again.`,
    { details: { requestId, done: true, handedOver: true }, shouldRetry: false },
  );

const mismatch = (): GatewayError =>
  new GatewayError(
    "IDEMPOTENCY_MISMATCH",
    "This Idempotency-Key was used with a different body, or with different headers that change the answer.",
    { param: "Idempotency-Key" },
  );

const passingStatuses: ReadonlySet<number> = new Set([401, 402, 403, 409, 429]);
/** Whether a refusal says nothing about the request itself, so that a retry may succeed. */
export const isPassing = (status: number): boolean => status >= 500 || passingStatuses.has(status);

/** A running lease, kept for so much longer than its request can run, seconds. */
const leaseOf = ({ requestId, deadlineMs }: LeaseRequest, bodyHash: string, longerSeconds = 0) => {
  const handingOverUntil = Math.ceil(deadlineMs / 1_000) + 1;
  const leaseUntil = handingOverUntil + longerSeconds;
  return {
    requestId,
    bodyHash,
    fingerprintVersion,
    state: "running",
    leaseUntil,
    expiresAt: leaseUntil,
    handingOverUntil,
  };
};

/** A lease taken: finish it with the answer, or give it up. */
export class IdempotencyLease {
  readonly #request: LeaseRequest;
  readonly #bodyHash: string;

  constructor(request: LeaseRequest, bodyHash: string) {
    this.#request = request;
    this.#bodyHash = bodyHash;
  }

  get #sealContext(): string {
    return `${this.#request.route}/${sha256(this.#request.key)}`;
  }

  /**
   * Keeps the lease for a day, before paid work is handed over: a function that is killed then frees its key no more.
   * @throws GatewayError CONFLICT when another request holds the key by now; AwsError
   */
  async keepForHandOver(): Promise<void> {
    const { userId, route, key, requestId } = this.#request;
    const { handingOverUntil, ...lease } = leaseOf(this.#request, this.#bodyHash, keepSeconds);
    try {
      await putItem(
        "cache",
        { ...rowKeys.idempotency(userId, route, sha256(key)), ...lease, handingOverUntil },
        { condition: "requestId = :own", values: { ":own": requestId } },
      );
    } catch (error) {
      if (failedCondition(error) === undefined) throw error;
      throw stillRunning(requestId);
    }
  }

  /**
   * Keeps the answer for a day; a longer one only as done. Without an answer (429, 5xx, a cut) the key is free again.
   * @param handedOver whether a provider may be at paid work for the request: then nothing frees its key
   */
  async finish(answer: EndedAnswer | undefined, handedOver = false): Promise<void> {
    const { userId, route, key, requestId } = this.#request;
    const row = rowKeys.idempotency(userId, route, sha256(key));
    const own = { condition: "requestId = :own", values: { ":own": requestId } };
    const passing = answer === undefined || isPassing(answer.status);
    try {
      if (passing && !handedOver) {
        await deleteItem("cache", row, own);
        return;
      }
      const { status, headers, streamed } = answer ?? { status: undefined, headers: {}, streamed: false };
      const body = passing ? undefined : answer.body;
      const encoding = body === undefined || isUtf8(body) ? "utf8" : "base64";
      const sealed = body === undefined ? undefined : await this.#seal(body.toString(encoding));
      const expiresAt = Math.floor(Date.now() / 1_000) + keepSeconds;
      await putItem(
        "cache",
        {
          ...row,
          requestId,
          bodyHash: this.#bodyHash,
          fingerprintVersion,
          state: sealed === undefined ? "not-kept" : "done",
          ...(passing ? { handedOver } : {}),
          leaseUntil: expiresAt,
          expiresAt,
          status,
          headers,
          streamed,
          encoding,
          ...(sealed === undefined ? {} : { sealed: { ...sealed } }),
        },
        own,
      );
    } catch (error) {
      // The lease had ended and another request holds the key now.
      if (failedCondition(error) === undefined) throw error;
    }
  }

  /** Undefined for what cannot be kept. Without KMS too the answer was given, and must not be made twice. */
  async #seal(text: string): Promise<SealedText | undefined> {
    const { userId, requestId } = this.#request;
    try {
      return await sealText(text, userId, this.#sealContext);
    } catch (error) {
      logger.warn("An answer could not be kept for its Idempotency-Key", { requestId, error: loggableError(error) });
      return undefined;
    }
  }
}

const replay = async (row: Row, request: LeaseRequest, bodyHash: string): Promise<StoredAnswer> => {
  // Fingerprints of two versions do not compare: whether the request is the same one is not known.
  if (row.fingerprintVersion === fingerprintVersion && row.bodyHash !== bodyHash) throw mismatch();
  const hasEnded = row.handingOverUntil !== undefined && row.handingOverUntil * 1_000 < request.nowMs;
  if (row.state === "running" && !hasEnded) throw stillRunning(row.requestId);
  if (row.handedOver === true || hasEnded) throw failedAfterHandOver(row);
  if (row.state === "not-kept" || row.sealed === undefined) throw doneNotKept(row.requestId);
  try {
    const text = await openText(row.sealed, request.userId, `${request.route}/${sha256(request.key)}`);
    const body = Buffer.from(text, row.encoding);
    return { status: row.status ?? 200, headers: row.headers ?? {}, body, streamed: row.streamed ?? false };
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    logger.error("An answer kept for an Idempotency-Key cannot be decrypted", { requestId: row.requestId });
    throw doneNotKept(row.requestId);
  }
};

interface Condition {
  readonly condition: string;
  readonly values: PlainItem;
}

/** Writes the running lease, or resolves to the row whose presence forbids it. @throws AwsError */
const writeLease = async (request: LeaseRequest, bodyHash: string, when: Condition): Promise<Row | undefined> => {
  const { userId, route, key } = request;
  const { handingOverUntil: _, ...lease } = leaseOf(request, bodyHash);
  try {
    await putItem("cache", { ...rowKeys.idempotency(userId, route, sha256(key)), ...lease }, when);
    return undefined;
  } catch (error) {
    const failed = failedCondition(error);
    if (failed === undefined) throw error;
    return rowSchema.parse(failed.item ?? {});
  }
};

/**
 * Takes the lease of a key, or finds its answer. An answer whose fingerprint has another version is a miss: the request
 * runs again, and is never refused for its body.
 * @throws GatewayError CONFLICT while the first runs or when its answer was not kept, IDEMPOTENCY_MISMATCH; AwsError
 */
export const takeLease = async (request: LeaseRequest): Promise<IdempotencyLease | StoredAnswer> => {
  const { requestId, nowMs } = request;
  const bodyHash = fingerprintOf(request.body, request.headers);
  let held = await writeLease(request, bodyHash, {
    condition: "attribute_not_exists(pk) OR leaseUntil < :now OR requestId = :own",
    values: { ":now": Math.floor(nowMs / 1_000), ":own": requestId },
  });
  while (held !== undefined && held.fingerprintVersion !== fingerprintVersion && held.state !== "running") {
    held = await writeLease(request, bodyHash, {
      condition: "requestId = :seen OR requestId = :own",
      values: { ":seen": held.requestId, ":own": requestId },
    });
  }
  return held === undefined ? new IdempotencyLease(request, bodyHash) : replay(held, request, bodyHash);
};
