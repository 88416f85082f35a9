import * as z from "zod";
import type { AskProvider } from "#core/jobs/job-state.ts";
import { embedImage } from "#core/media/embed-image.ts";
import { googleBase } from "#core/media/google.ts";
import { callUpstream, readReply } from "#core/media/upstream.ts";
import { safeMessage } from "#core/providers/safe-message.ts";
import type { SubmitVideo } from "./video-work.ts";

/**
 * Videos of Google by the Interactions API: the successor of Veo on the Gemini API, which was shut down there.
 * Source: types of @google/genai 2.32.0.
 */

/** No stated end of a file was found in Google's documentation: two days is what its users were told. */
const urlLifetimeMs = 48 * 3_600_000;

const createdSchema = z.looseObject({ id: z.string().min(1) });

export const submitGoogleVideo: SubmitVideo = async ({ model, request, seconds, resolution }, credential, signal) => {
  const { prompt, image_url: imageUrl, aspect_ratio: ratio } = request;
  const image = imageUrl === undefined ? undefined : await embedImage(imageUrl, "image_url", signal);
  const reply = await callUpstream({
    provider: "google",
    url: `${googleBase(credential)}/interactions`,
    headers: { "x-goog-api-key": credential.apiKey },
    body: {
      model,
      background: true,
      input: [
        { type: "text", text: prompt },
        ...(image === undefined ? [] : [{ type: "image", data: image.base64, mime_type: image.contentType }]),
      ],
      response_format: {
        type: "video",
        duration: `${seconds}s`,
        delivery: "uri",
        aspect_ratio: ratio ?? "16:9",
        ...(resolution === undefined ? {} : { resolution }),
      },
      generation_config: { video_config: { task: image === undefined ? "text_to_video" : "image_to_video" } },
    },
    signal,
  });
  return { ticket: { interactionId: readReply(createdSchema, "google", reply.json).id }, simulated: reply.simulated };
};

const content = z.looseObject({
  type: z.string().optional(),
  uri: z.string().optional(),
  mime_type: z.string().optional(),
});
const interactionSchema = z.looseObject({
  status: z.string(),
  steps: z.array(z.looseObject({ content: z.array(content).optional() })).optional(),
  error: z.looseObject({ code: z.unknown().optional(), message: z.string().optional() }).nullish(),
});

/** Where an interaction is. @throws ProviderFailure */
export const askGoogleVideo: AskProvider = async ({ ticket }, credential, signal) => {
  const { json } = await callUpstream({
    provider: "google",
    method: "GET",
    url: `${googleBase(credential)}/interactions/${encodeURIComponent(ticket.interactionId ?? "")}`,
    headers: { "x-goog-api-key": credential.apiKey },
    signal,
  });
  const { status, steps, error } = readReply(interactionSchema, "google", json);
  if (status === "queued") return { status: "queued", detail: status };
  if (status === "in_progress") return { status: "processing", detail: status };
  const video = (steps ?? []).flatMap((step) => step.content ?? []).find(({ type }) => type === "video");
  if (status === "completed" && video?.uri !== undefined) {
    const expiresAt = Date.now() + urlLifetimeMs;
    return {
      status: "completed",
      output: [{ url: video.uri, contentType: video.mime_type ?? "video/mp4", expiresAt }],
    };
  }
  const name = status === "completed" ? "NoOutput" : String(error?.code ?? "") || "GenerationFailed";
  const message = safeMessage(error?.message ?? `Google ended the interaction as ${status}.`);
  return { status: "failed", error: { name: safeMessage(name), message } };
};
