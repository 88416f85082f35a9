import * as z from "zod";
import { embedImage } from "#core/providers/media/embed-image.ts";
import { callUpstream, readReply } from "#core/providers/media/upstream.ts";
import {
  type SubmitVideo,
  secondsBetween,
  type VideoAdapter,
  type VideoTraits,
} from "#core/providers/media/video-adapter.ts";
import { ownValue } from "#core/values/records.ts";
import { googleBase } from "./base-url.ts";

/**
 * Google's videos by the Interactions API, which replaced Veo on the Gemini API.
 * Source: types of @google/genai 2.32.0.
 */

const omni = {
  ratios: ["16:9", "9:16"],
  resolutions: ["720p", "360p", "1080p", "4k"],
  maxPromptCharacters: 5_000,
  takes: new Set<never>(),
  ratioOfImage: false,
} as const;

const models: Readonly<Record<string, VideoTraits>> = {
  "gemini-omni-1.1-flash": { ...omni, seconds: secondsBetween(3, 10, 8) },
  "gemini-omni-1.2-flash": { ...omni, seconds: secondsBetween(3, 15, 8) },
};

const createdSchema = z.looseObject({ id: z.string().min(1) });

const submit: SubmitVideo = async ({ model, request, seconds, resolution }, credential, signal) => {
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

export const googleVideos: VideoAdapter = { traits: (model) => ownValue(models, model), submit };
