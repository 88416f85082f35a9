import { toGatewayError } from "#core/errors.ts";
import { audioEvents, jsonAudio, rawAudio, rawAudioHeaders } from "#core/media/audio/audio-answer.ts";
import type { AudioCaller, MadeAudio } from "#core/media/audio/make-audio.ts";
import { callerOf } from "./authenticate.ts";
import { errorEvent } from "./error-event.ts";
import { eventStream } from "./event-stream.ts";
import { rawBody } from "./raw-body.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

/** The caller, and the form of audio that it accepts. */
export const audioCaller = (call: Call<unknown>): AudioCaller => ({ ...callerOf(call), accept: call.headers.accept });

/** The response in the form that the caller wants. */
export const audioResult = async (call: Call<unknown>, made: MadeAudio): Promise<EndpointResult> => {
  if (made.form === "url") return { status: 200, json: { success: true, data: made.data }, headers: made.headers };
  const { started, end, headers, signal, format } = made;
  if (made.form === "events") {
    const start = Promise.resolve({ frames: audioEvents(started, end), headers });
    return eventStream({ start, toError: toGatewayError, signal, errorFrame: errorEvent });
  }
  if (made.form === "raw") {
    return {
      status: 200,
      stream: rawBody(call, rawAudio(started, end)),
      headers: { ...headers, ...rawAudioHeaders(format) },
    };
  }
  return {
    status: 200,
    stream: rawBody(call, jsonAudio(started, end)),
    headers: { ...headers, "content-type": "application/json; charset=utf-8" },
  };
};
