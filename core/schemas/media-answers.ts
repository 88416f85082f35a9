import * as z from "zod";
import { jobKinds } from "#core/db/jobs.ts";

/** Answers of the media endpoints, for the OpenAPI document and the tests that check answers against it. */

const success = <Schema extends z.ZodType>(data: Schema) => z.strictObject({ success: z.literal(true), data });
const usd = z.number().nullable().describe("USD; null until it is known, and if no price is known");
const when = z.iso.datetime();
const count = z.number().nullable();
const webhookSecret = z.string().optional().describe("Secret that signs the webhook (`whsec_…`), shown only once");
const failure = z.strictObject({ name: z.string(), message: z.string() });

const output = z.strictObject({
  url: z.string().describe("URL at the provider"),
  contentType: z.string().nullable(),
  expiresAt: when.nullable().describe("When the URL expires; null if the provider states no expiry"),
});

const jobFields = {
  id: z.string().startsWith("job_"),
  kind: z.enum(jobKinds),
  status: z.enum(["queued", "processing", "completed", "failed"]),
  model: z.string(),
  provider: z.string(),
  output: z.array(output).nullable().describe("Empty if it was returned as bytes, which are not kept"),
  error: failure.nullable(),
  keyId: z.string().nullable().describe("The API key that made the request"),
  createdAt: when,
  finishedAt: when.nullable(),
  costUsd: usd,
  requestId: z.string().describe("Its entry in the request log"),
  contentExpiresAt: when.nullable().describe("Until when the request log has its prompt; null unless recorded"),
};

const job = z.strictObject(jobFields).meta({ id: "Job" });
export const jobListAnswer = success(z.array(job));
export const startedVideoAnswer = success(z.strictObject({ ...jobFields, webhookSecret }).meta({ id: "StartedJob" }));
export const videoAnswer = success(
  z
    .strictObject({
      ...jobFields,
      downloadUrl: z
        .string()
        .nullable()
        .describe("URL to download the video with an API key, if its own URL requires a provider key"),
    })
    .meta({ id: "VideoJob" }),
);
const mediaVideo = { taskId: z.string(), ...jobFields };
export const mediaVideoAnswer = success(z.strictObject(mediaVideo).meta({ id: "MediaVideoJob" }));
export const startedMediaVideoAnswer = success(
  z.strictObject({ ...mediaVideo, webhookSecret }).meta({ id: "StartedMediaVideoJob" }),
);

const fashionFields = {
  id: z.string().startsWith("job_"),
  status: z.string().describe("`starting`, `in_queue`, `processing`, `completed` or `failed`"),
  output: z.array(z.string()).nullable(),
  error: failure.nullable(),
  model_name: z.string(),
  credits: z.number(),
  createdAt: when,
  finishedAt: when.nullable(),
  outputExpiresAt: when.nullable(),
};

export const fashionAnswer = success(z.strictObject(fashionFields).meta({ id: "FashionJob" }));
export const startedFashionAnswer = success(
  z.strictObject({ ...fashionFields, webhookSecret }).meta({ id: "StartedFashionJob" }),
);

const audioFacts = {
  format: z.enum(["mp3", "wav", "flac", "pcm"]),
  model: z.string(),
  url: z.string().nullable(),
  urlExpiresAt: when.nullable(),
  durationMs: count,
  sizeBytes: count,
  sampleRate: count,
  bitrate: count,
  channels: count,
  characters: count.describe("Billed characters"),
  subtitleUrl: z.string().nullable(),
  traceId: z.string().nullable(),
  costUsd: usd,
};

const facts = z.strictObject(audioFacts);
export const audioAnswer = success(
  z.strictObject({ audio: z.base64().nullable().describe("Null if a URL was requested"), ...audioFacts }).meta({
    id: "Audio",
  }),
);

/** Data of the events of audio: `audio`, then `done`. */
export const audioEventData = z.union([z.strictObject({ audio: z.base64() }), facts]);

export const voicesAnswer = success(
  z.array(
    z
      .strictObject({
        voiceId: z.string(),
        name: z.string(),
        kind: z.enum(["system", "voice_cloning", "voice_generation"]),
        description: z.array(z.string()),
        createdAt: z.string().nullable(),
      })
      .meta({ id: "Voice" }),
  ),
);

const imageFields = {
  url: z.string().nullable(),
  base64: z.base64().nullable(),
  contentType: z.string().nullable(),
  expiresAt: when.nullable(),
};

export const mediaImagesAnswer = success(
  z
    .strictObject({
      id: z.string(),
      model: z.string(),
      provider: z.string(),
      images: z.array(z.strictObject(imageFields)),
      failed: z.number(),
      costUsd: usd,
    })
    .meta({ id: "MediaImages" }),
);

export const imagesAnswer = success(
  z
    .strictObject({
      id: z.string(),
      model: z.string(),
      provider: z.string(),
      images: z.array(z.strictObject({ ...imageFields, width: count, height: count })),
      failed: z.int().describe("Requested images that were not generated"),
      seed: z.number().nullable(),
      costUsd: usd,
    })
    .meta({ id: "Images" }),
);

const visionFields = z
  .strictObject({
    id: z.string(),
    model: z.string(),
    content: z.string(),
    finishReason: z.string().describe("`length` for a truncated answer"),
    usage: z.strictObject({ inputTokens: z.int(), outputTokens: z.int(), totalTokens: z.int() }),
    costUsd: usd,
  })
  .meta({ id: "Vision" });

export const visionAnswer = success(visionFields);
/** Data of the events of vision: `delta`, then `done`. */
export const visionEventData = z.union([z.strictObject({ text: z.string() }), visionFields]);

/** Data of the events of fashion: `start`, `progress`, then `result` (or `error`) and `done`. */
export const fashionEventData = z.union([
  z.strictObject({ ...fashionFields, webhookSecret }),
  z.strictObject({ id: z.string(), status: z.string(), elapsedMs: z.int() }),
  fashionAnswer,
  z.strictObject({ id: z.string(), status: z.string() }),
]);
