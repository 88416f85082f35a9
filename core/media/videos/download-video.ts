import type { JobRow } from "#core/db/jobs.ts";
import { GatewayError } from "#core/errors.ts";
import { failureToError, singleCall } from "#core/generation/failure-to-error.ts";
import { jobCredential } from "#core/jobs/job-credential.ts";
import { outputExpired } from "#core/jobs/job-view.ts";
import { downloadGoogleVideo, type VideoDownload } from "#core/providers/media/google/download.ts";
import { ProviderFailure } from "#core/providers/provider.ts";

/** Google serves a finished video only with the key that made it, so it passes through us. */

/** Whether the URL of the job's output is useless without a key. */
export const needsKey = ({ provider, kind }: Pick<JobRow, "provider" | "kind">): boolean =>
  provider === "google" && kind === "video";

/** Opens the video of a completed job, or the range that a `Range` header names. @throws GatewayError */
export const downloadVideo = async (
  row: JobRow,
  range: string | undefined,
  signal: AbortSignal,
): Promise<VideoDownload> => {
  const [output] = row.output ?? [];
  if (row.status !== "completed" || output === undefined || outputExpired(row, Date.now())) {
    throw new GatewayError("NOT_FOUND", "This job has no video: it has not completed, or its output has expired.", {
      param: "id",
      details: { status: row.status },
    });
  }
  const credential = await jobCredential(row);
  try {
    return await downloadGoogleVideo({ url: output.url, contentType: output.contentType, range }, credential, signal);
  } catch (error) {
    throw error instanceof ProviderFailure ? failureToError(error, singleCall(row.byok)) : error;
  }
};
