import * as z from "zod";
import {
  audioSpeechSchema,
  audioTranscriptionsSchema,
  imageEditsSchema,
  imageGenerationsSchema,
  moderationsSchema,
} from "#core/schemas/openai-media.ts";
import type { HeaderParameter, OperationTable } from "./operation.ts";

const images = z.looseObject({
  created: z.int(),
  data: z.array(z.looseObject({ url: z.string().optional(), b64_json: z.string().optional() })),
  usage: z.looseObject({}).optional(),
});
const transcript = z.looseObject({ text: z.string(), usage: z.looseObject({}).optional() });
const moderation = z.looseObject({
  id: z.string(),
  model: z.string(),
  results: z.array(z.looseObject({ flagged: z.boolean() })),
});
const form = "multipart/form-data";

/** The operations that have the form of OpenAI's media API. `paying` are the headers of what costs money. */
export const openaiMediaOperations = (paying: readonly HeaderParameter[]): OperationTable => ({
  ImagesGenerations: {
    POST: {
      summary: "Generate images (OpenAI's format)",
      tag: "OpenAI media",
      body: imageGenerationsSchema,
      headers: paying,
      answers: [{ status: 200, description: "The images, as bytes or URLs", json: images }],
    },
  },
  ImagesEdits: {
    POST: {
      summary: "Edit images (OpenAI's format)",
      tag: "OpenAI media",
      body: imageEditsSchema,
      bodyTypes: [form, "application/json"],
      headers: paying,
      answers: [{ status: 200, description: "The images, as bytes or URLs", json: images }],
    },
  },
  AudioSpeech: {
    POST: {
      summary: "Generate speech (OpenAI's format)",
      tag: "OpenAI media",
      body: audioSpeechSchema,
      headers: paying,
      answers: [{ status: 200, description: "The audio", contentType: "audio/mpeg" }],
    },
  },
  AudioTranscriptions: {
    POST: {
      summary: "Transcribe audio (OpenAI's format)",
      tag: "OpenAI media",
      body: audioTranscriptionsSchema,
      bodyTypes: [form, "application/json"],
      headers: paying,
      answers: [
        {
          status: 200,
          description: "The transcript; with `stream: true`, events",
          json: transcript,
          events: z.looseObject({ type: z.string() }),
          eventsExample: 'data: {"type":"transcript.text.delta","delta":"Hello"}\n\n',
        },
      ],
    },
  },
  Moderations: {
    POST: {
      summary: "Classify text and images (OpenAI's format)",
      tag: "OpenAI media",
      body: moderationsSchema,
      headers: paying.filter(({ name }) => name === "X-Provider-Key"),
      answers: [{ status: 200, description: "A result for each input", json: moderation }],
    },
  },
});
