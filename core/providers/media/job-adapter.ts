import type { KeyCredential } from "#core/providers/provider.ts";
import type { OutputFile } from "./output-file.ts";

/** The interface of a provider of asynchronous work: it takes a submission, and reports its state later. */

/** A provider's receipt for submitted work. */
export interface Submission {
  /** Identifies the work at the provider: an id, or the URLs that it gave. Never a key. */
  readonly ticket: Readonly<Record<string, string>>;
  readonly simulated: boolean;
}

/** Submitted work, as far as its provider needs to know it. */
export interface SubmittedJob extends Pick<Submission, "ticket"> {
  readonly model: string;
}

/** The state of a job at its provider. */
export type JobState =
  | {
      readonly status: "queued" | "processing";
      /** The provider's own word. */
      readonly detail?: string | undefined;
    }
  | EndState;

/** The state of a job that has ended. */
export type EndState =
  | {
      readonly status: "completed";
      readonly output: readonly OutputFile[];
      /** Where the provider reported its charge. */
      readonly units?: number | undefined;
      readonly costPicoUsd?: bigint | undefined;
      /** The output is too large for a row, and the provider keeps it until then, unix ms. */
      readonly heldUntil?: number | undefined;
    }
  | {
      readonly status: "failed";
      readonly error: { readonly name: string; readonly message: string };
      /** The provider took the job on and does not say that it made nothing: it may charge it. */
      readonly mayBeBilled?: boolean;
    };

/** Asks a provider about a job. @throws ProviderFailure */
export type AskProvider = (job: SubmittedJob, credential: KeyCredential, signal: AbortSignal) => Promise<JobState>;
