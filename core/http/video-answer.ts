import type { JobRow } from "#core/db/jobs.ts";
import { downloadVideo } from "#core/media/videos/download-video.ts";
import { rawBody } from "./raw-body.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

const downloadTimeoutMs = 280_000;

/**
 * Responds with a job's video, or the range that `Range` names. Our videos have no validator that an `If-Range` could match, so
 * such a request gets the whole video. @throws GatewayError
 */
export const videoAnswer = async (
  call: Call<unknown>,
  row: JobRow,
  headers: Readonly<Record<string, string>> = {},
): Promise<EndpointResult> => {
  const range = call.headers["if-range"] === undefined ? call.headers.range : undefined;
  const video = await downloadVideo(row, range, AbortSignal.timeout(downloadTimeoutMs));
  return { status: video.status, stream: rawBody(call, video.body), headers: { ...headers, ...video.headers } };
};
