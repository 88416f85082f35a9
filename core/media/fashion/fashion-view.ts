import type { JobRow } from "#core/db/jobs.ts";
import { expiredError, outputExpired } from "#core/jobs/job-view.ts";

/** A fashion job in the documented envelope, `{id, status, output, error}`, with FASHN's names of its states. */

export interface FashionView {
  readonly id: string;
  /** `starting`, `in_queue`, `processing`, `completed` or `failed`. */
  readonly status: string;
  readonly output: readonly string[] | null;
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly model_name: string;
  readonly credits: number;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  /** When the URLs in `output` expire. */
  readonly outputExpiresAt: string | null;
}

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** `held` is the output of a job whose row has none, because it is too large (held-output.ts). */
export const fashionView = (row: JobRow, nowMs: number, held?: readonly string[]): FashionView => {
  const ended = row.finishedAt !== undefined;
  const expired = outputExpired(row, nowMs);
  const output = held ?? row.output?.map(({ url }) => url);
  return {
    id: row.id,
    status: ended ? row.status : (row.detail ?? "starting"),
    output: row.status !== "completed" || expired ? null : (output ?? null),
    error: row.error ?? (expired ? expiredError : null),
    model_name: row.model,
    /** Reserved, until it has ended. */
    credits: row.usage.units,
    createdAt: new Date(row.createdAt).toISOString(),
    finishedAt: iso(row.finishedAt),
    outputExpiresAt: row.status === "completed" ? iso(row.outputHeldUntil ?? row.output?.[0]?.expiresAt) : null,
  };
};
