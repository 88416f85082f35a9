import type { JobRow } from "#core/db/jobs.ts";
import type { AttemptRecord } from "#core/db/usage-events.ts";
import type { MediaCalls } from "#core/providers/media/media-calls.ts";
import type { KeyCredential } from "#core/providers/provider.ts";

/** The metered request behind a job, as far as jobs need to know it. core/media implements both. */

/** The facts of a request that its job's row records. */
export interface RecordedRequest extends Pick<JobRow, "userId" | "byok"> {
  readonly model: Pick<JobRow, "provider"> & { readonly id: string };
  /** The API key that asks. */
  readonly keyId: string;
  /** UTC day on which the usage and its money are booked. */
  readonly day: string;
  /** Its prompt is recorded, and kept for so many days. */
  readonly contentDays: number | undefined;
  readonly quote: { readonly unit: string; readonly units: number; readonly costPicoUsd: bigint | undefined };
  /** Cost of the result at list price; undefined for an unknown price. */
  readonly costPicoUsd: bigint | undefined;
}

/** A request that starts a job, and leaves its usage row to it. */
export interface StartingRequest extends RecordedRequest, Omit<MediaCalls, "ask"> {
  readonly attempts: readonly AttemptRecord[];
  /** Booked against the daily cap until the job ends. */
  readonly bookedPicoUsd: bigint;
  /** The budget of the calling key that counts the job, and what is booked of it. */
  readonly bookedBudget: JobRow["usage"]["budget"];
  /** Admits the request and opens the key that pays. @throws GatewayError */
  open(): Promise<KeyCredential>;
  /** Runs a part of the request; a failure becomes the request's error. @throws GatewayError */
  guard<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Leaves the usage row open: the job's end settles it. */
  handOver(): void;
  /** Headers that name the model, provider and attempts. */
  headers(simulated: boolean): Record<string, string>;
}
