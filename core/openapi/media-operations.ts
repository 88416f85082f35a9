import * as z from "zod";
import { errorAnswer } from "#core/schemas/answers.ts";
import { fashionRunBody, fashionSubscribeBody } from "#core/schemas/fashion.ts";
import { imageEditSchema, imageGenerateSchema } from "#core/schemas/image.ts";
import { jobsQuerySchema } from "#core/schemas/jobs.ts";
import {
  mediaImageSchema,
  mediaVideoSchema,
  musicSchema,
  speechSchema,
  voicesQuerySchema,
} from "#core/schemas/media.ts";
import * as answers from "#core/schemas/media-answers.ts";
import { videoGenerateSchema, videoStatusQuery } from "#core/schemas/video.ts";
import { visionQuerySchema, visionSchema } from "#core/schemas/vision.ts";
import { openaiMediaOperations } from "./openai-media-operations.ts";
import type { Answer, HeaderParameter, OperationTable } from "./operation.ts";

const ok = (json: z.ZodType, description = "OK"): Answer => ({ status: 200, description, json });

const audio: Answer = {
  status: 200,
  description:
    "JSON with the audio as base64 or a URL; with an audio type in `Accept`, the audio itself; with `stream: true`, events",
  json: answers.audioAnswer,
  events: z.union([answers.audioEventData, errorAnswer]),
  eventsExample: 'event: audio\ndata: {"audio":"//uYxA=="}\n\nevent: done\ndata: {"format":"mp3"}\n\n',
  contentType: "audio/mpeg",
};

const accept: HeaderParameter = {
  name: "Accept",
  schema: z.string(),
  description: "`audio/mpeg`, `audio/wav`, `audio/flac` or `audio/pcm` returns the audio itself.",
};

const range: HeaderParameter = {
  name: "Range",
  schema: z.string().meta({ example: "bytes=0-1023" }),
  description: "One byte range of the video, for seeking. A range outside the video is a 416.",
};

const startedOnce = "The job. Poll it by id, or receive a webhook at its end, signed as Standard Webhooks.";

/**
 * The operations of media, fashion, images, videos and vision. `paying` are the headers of what costs money.
 * Length: a table with a row for each operation.
 */
export const mediaOperations = (paying: readonly HeaderParameter[]): OperationTable => ({
  MediaSpeech: {
    POST: {
      summary: "Generate speech from text",
      tag: "Media",
      body: speechSchema,
      headers: [...paying, accept],
      answers: [audio],
    },
  },
  MediaVoices: {
    GET: {
      summary: "List the voices for speech",
      tag: "Media",
      query: voicesQuerySchema,
      headers: paying.filter(({ name }) => name === "X-Provider-Key"),
      answers: [ok(answers.voicesAnswer)],
    },
  },
  MediaMusic: {
    POST: {
      summary: "Generate music from text",
      tag: "Media",
      body: musicSchema,
      headers: [...paying, accept],
      answers: [audio],
    },
  },
  MediaImage: {
    POST: {
      summary: "Generate images with MiniMax",
      tag: "Media",
      body: mediaImageSchema,
      headers: paying,
      answers: [ok(answers.mediaImagesAnswer)],
    },
  },
  MediaVideo: {
    POST: {
      summary: "Start a video with MiniMax",
      tag: "Media",
      body: mediaVideoSchema,
      headers: paying,
      answers: [ok(answers.startedMediaVideoAnswer, startedOnce)],
    },
  },
  MediaVideoStatus: {
    GET: { summary: "Get the state of a MiniMax video", tag: "Media", answers: [ok(answers.mediaVideoAnswer)] },
  },
  FashionRun: {
    POST: {
      summary: "Start a fashion job",
      tag: "Fashion",
      body: fashionRunBody,
      headers: paying,
      answers: [ok(answers.startedFashionAnswer, startedOnce)],
    },
  },
  FashionStatus: {
    GET: { summary: "Get the state of a fashion job", tag: "Fashion", answers: [ok(answers.fashionAnswer)] },
  },
  FashionSubscribe: {
    POST: {
      summary: "Run a fashion job and stream its progress",
      tag: "Fashion",
      body: fashionSubscribeBody,
      headers: paying,
      answers: [
        {
          status: 200,
          description: "`start`, `progress`, then `result`, or `error` with the name of the failure, and `done`",
          events: z.union([answers.fashionEventData, errorAnswer]),
          eventsExample:
            'event: progress\ndata: {"id":"job_1","status":"processing","elapsedMs":2100}\n\nevent: done\ndata: {"id":"job_1","status":"completed"}\n\n',
        },
      ],
    },
  },
  ImageGenerate: {
    POST: {
      summary: "Generate images with Google, BFL or fal",
      tag: "Images",
      body: imageGenerateSchema,
      headers: paying,
      answers: [ok(answers.imagesAnswer)],
    },
  },
  ImageEdit: {
    POST: {
      summary: "Edit images",
      tag: "Images",
      body: imageEditSchema,
      headers: paying,
      answers: [ok(answers.imagesAnswer)],
    },
  },
  VideoGenerate: {
    POST: {
      summary: "Start a video with Google or fal; `image_url` selects image-to-video",
      tag: "Videos",
      body: videoGenerateSchema,
      headers: paying,
      answers: [ok(answers.startedVideoAnswer, startedOnce)],
    },
  },
  VideoStatus: {
    GET: {
      summary: "Get the state of a video, or the video itself",
      tag: "Videos",
      query: videoStatusQuery,
      headers: [range],
      answers: [
        {
          status: 200,
          description: "The job; with `content=true`, the video, if its provider requires a key",
          json: answers.videoAnswer,
          contentType: "video/mp4",
        },
        { status: 206, description: "With `content=true`, the range that `Range` requests", contentType: "video/mp4" },
      ],
    },
  },
  Vision: {
    GET: {
      summary: "Ask a question about one image",
      tag: "Vision",
      query: visionQuerySchema,
      headers: paying.filter(({ name }) => name === "X-Provider-Key"),
      answers: [ok(answers.visionAnswer)],
    },
    POST: {
      summary: "Ask a question about images",
      tag: "Vision",
      body: visionSchema,
      headers: paying,
      answers: [
        {
          status: 200,
          description: "The answer; with `stream: true`, text as it is generated",
          json: answers.visionAnswer,
          events: z.union([answers.visionEventData, errorAnswer]),
          eventsExample: 'event: delta\ndata: {"text":"A lake"}\n\n',
        },
      ],
    },
  },
  ...openaiMediaOperations(paying),
  Jobs: {
    GET: {
      summary: "List the jobs of the last seven days, newest first",
      tag: "Jobs",
      query: jobsQuerySchema,
      answers: [ok(answers.jobListAnswer)],
    },
  },
  JobContent: {
    GET: {
      summary: "Get the video of a job whose provider requires a key; other outputs have URLs",
      tag: "Jobs",
      headers: [range],
      answers: [
        { status: 200, description: "The whole video", contentType: "video/mp4" },
        { status: 206, description: "The range that `Range` requests", contentType: "video/mp4" },
      ],
    },
  },
});
