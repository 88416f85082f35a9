import * as z from "zod/mini";
import { chatRequestSchema } from "./chat.ts";

/** Presets: settings of chat requests under a name, `@preset/<name>`. */

const { model, fallback, retries, timeout, guardrails } = chatRequestSchema.shape;
const { temperature, top_p, max_tokens, max_completion_tokens, stop, seed } = chatRequestSchema.shape;
const { frequency_penalty, presence_penalty, reasoning_effort } = chatRequestSchema.shape;

/** Without messages: a preset says how a model answers, not what it is asked. */
export const presetSettingsSchema = z.strictObject({
  model,
  fallback,
  retries,
  timeout,
  guardrails,
  provider: z.optional(z.looseObject({})),
  temperature,
  top_p,
  max_tokens,
  max_completion_tokens,
  stop,
  seed,
  frequency_penalty,
  presence_penalty,
  reasoning_effort,
});

export type PresetSettings = z.infer<typeof presetSettingsSchema>;

export const createPresetSchema = z.strictObject({
  name: z
    .string()
    .check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "must be 1 to 64 lower-case letters, digits and hyphens")),
  settings: presetSettingsSchema,
});

export type NewPreset = z.infer<typeof createPresetSchema>;

export const replacePresetSchema = z.strictObject({ settings: presetSettingsSchema });
