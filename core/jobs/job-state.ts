import type { JobError, JobOutput, JobRow } from "#core/db/jobs.ts";
import type { MediaCredential } from "#core/media/credential.ts";

/** Where a provider says that a job is. */
export type JobState =
  | {
      readonly status: "queued" | "processing";
      /** The provider's own word. */
      readonly detail?: string | undefined;
    }
  | {
      readonly status: "completed";
      readonly output: readonly JobOutput[];
      /** Where the provider told more exactly what it charges. */
      readonly units?: number | undefined;
      readonly costPicoUsd?: bigint | undefined;
      /** The output is too large to keep: the provider has it until then, unix ms. */
      readonly heldUntil?: number | undefined;
    }
  | { readonly status: "failed"; readonly error: JobError };

/** Asks a provider about a job. @throws ProviderFailure */
export type AskProvider = (
  row: Pick<JobRow, "model" | "ticket">,
  credential: MediaCredential,
  signal: AbortSignal,
) => Promise<JobState>;
