import { toUsd } from "#core/catalog/cost.ts";
import type { JobRow } from "#core/db/jobs.ts";

/** A job as its owner sees it: one shape for every kind of work and every provider. */

export interface JobView {
  readonly id: string;
  readonly kind: JobRow["kind"];
  readonly status: JobRow["status"];
  readonly model: string;
  readonly provider: string;
  readonly output:
    | readonly { readonly url: string; readonly contentType: string | null; readonly expiresAt: string | null }[]
    | null;
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  /** The API key that asked; null before 2026-11-29. */
  readonly keyId: string | null;
  /** USD; null before the end, and for an unknown price. */
  readonly costUsd: number | null;
  /** Of the request log. */
  readonly requestId: string;
  /** Until when the request log has its prompt; null where that is not recorded. */
  readonly contentExpiresAt: string | null;
}

const dayMs = 86_400_000;

const iso = (ms: number): string => new Date(ms).toISOString();

/** Whether the provider has deleted the job's output. */
export const outputExpired = ({ output, outputHeldUntil }: JobRow, nowMs: number): boolean =>
  outputHeldUntil !== undefined
    ? outputHeldUntil <= nowMs
    : output !== undefined &&
      output.length > 0 &&
      output.every(({ expiresAt }) => expiresAt !== undefined && expiresAt <= nowMs);

export const expiredError = {
  name: "OutputExpired",
  message: "The output has expired: the provider keeps it only for a limited time.",
} as const;

/** The job with its output until that expires, its error, or the reason why the output is gone. */
export const jobView = (row: JobRow, nowMs: number): JobView => {
  const expired = outputExpired(row, nowMs);
  const cost = row.usage.costPicoUsd;
  const ended = row.finishedAt !== undefined;
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    model: row.model,
    provider: row.provider,
    // Of what was answered as bytes, an empty list: nothing of it is kept.
    output:
      row.output === undefined || expired
        ? null
        : row.output.map(({ url, contentType, expiresAt }) => ({
            url,
            contentType: contentType ?? null,
            expiresAt: expiresAt === undefined ? null : iso(expiresAt),
          })),
    error: row.error ?? (expired ? expiredError : null),
    keyId: row.usage.keyId ?? null,
    createdAt: iso(row.createdAt),
    finishedAt: ended ? iso(row.finishedAt ?? 0) : null,
    costUsd: ended && cost !== undefined ? toUsd(cost) : null,
    requestId: row.usage.requestId,
    contentExpiresAt: row.usage.contentDays === undefined ? null : iso(row.createdAt + row.usage.contentDays * dayMs),
  };
};
