import { data } from "./request.ts";

export interface JobOutput {
  /** At the provider. */
  readonly url: string;
  readonly contentType: string | null;
  /** ISO 8601; null where the provider states no end. */
  readonly expiresAt: string | null;
}

export interface Job {
  readonly id: string;
  readonly kind: "clip" | "video" | "fashion" | "image" | "speech" | "music";
  readonly status: "queued" | "processing" | "completed" | "failed";
  readonly model: string;
  readonly provider: string;
  /** Empty where it was answered as bytes, which are not kept. */
  readonly output: readonly JobOutput[] | null;
  /** Null before 2026-11-29. */
  readonly keyId: string | null;
  /** Also of a completed job, when its output has expired. */
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  /** USD. */
  readonly costUsd: number | null;
  /** Its entry in the request log. */
  readonly requestId?: string;
  /** Until when the request log has its prompt; null where that is not recorded. */
  readonly contentExpiresAt?: string | null;
}

/** Newest first; with `before`, those that were made before that job. */
export const listJobs = (limit: number, before: string, signal: AbortSignal): Promise<readonly Job[]> => {
  const query = new URLSearchParams({ limit: String(limit), ...(before === "" ? {} : { before }) });
  return data(`v1/jobs?${query}`, { signal });
};
