import type { JobRow } from "#core/db/jobs.ts";
import { failureToError, singleCall } from "#core/generation/failure-to-error.ts";
import { jobCredential } from "#core/jobs/job-credential.ts";
import { heldOutput } from "#core/providers/media/fashn/status.ts";
import { ProviderFailure } from "#core/providers/provider.ts";

/** The output of an ended job that is too large for its row; undefined for any other job. @throws GatewayError */
export const readHeldOutput = async (
  row: JobRow,
  signal: AbortSignal,
  nowMs: number,
): Promise<readonly string[] | undefined> => {
  if (row.outputHeldUntil === undefined || row.outputHeldUntil <= nowMs) return undefined;
  try {
    return await heldOutput(row.ticket, await jobCredential(row), signal);
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    throw failureToError(error, singleCall(row.byok));
  }
};
