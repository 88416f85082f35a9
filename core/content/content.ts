import * as z from "zod/mini";

/**
 * What was asked and answered, in the form of OpenTelemetry's semantic conventions for generative AI: messages of parts. All
 * dialects have this one form, and exports send it as it is.
 */

export const contentPartSchema = z.looseObject({ type: z.string() });

const messageSchema = z.object({
  role: z.string(),
  parts: z.array(contentPartSchema),
  finish_reason: z.optional(z.string()),
});

const sideSchema = z.object({
  messages: z.array(messageSchema),
  /** More was said than is kept. */
  cut: z.boolean(),
});

export const contentSchema = z.object({
  prompt: sideSchema,
  /** Null where nothing but the prompt is recorded, or there was no answer. */
  answer: z.nullable(sideSchema),
});

export type ContentPart = z.infer<typeof contentPartSchema>;
export type ContentMessage = z.infer<typeof messageSchema>;
export type ContentSide = z.infer<typeof sideSchema>;
export type Content = z.infer<typeof contentSchema>;

/** What a generation gives to be recorded. */
export interface GivenContent {
  /** Messages of a chat completion as they were sent, or texts that are the whole prompt. */
  readonly prompt:
    | { readonly messages: readonly object[] }
    | { readonly texts: readonly (string | null | undefined)[]; readonly others?: readonly ContentPart[] };
  /** What was answered, as far as it came. Called at the end. */
  readonly answer?: () => { readonly messages: readonly ContentMessage[]; readonly cut: boolean };
  /** Takes out of the answer what a guardrail has put back for the caller alone. */
  readonly hide?: ((text: string) => string) | undefined;
}
