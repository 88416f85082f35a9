import type { JobRow } from "#core/db/jobs.ts";
import { downloadVideo } from "#core/videos/download-video.ts";
import { rawBody } from "./raw-body.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

const downloadTimeoutMs = 280_000;

/**
 * A job's video as the answer, or the part that `Range` asks for. An `If-Range` is never true here, since we give a video no
 * version to name: then the whole is sent. @throws GatewayError
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
