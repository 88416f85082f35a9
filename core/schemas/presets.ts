import * as z from "zod/mini";
import { chatRequestSchema } from "./chat.ts";

/** Presets: settings of chat requests under a name, `@preset/<name>`. */

const { model, fallback, retries, timeout, guardrails } = chatRequestSchema.shape;
const { temperature, top_p, max_tokens, max_completion_tokens, seed } = chatRequestSchema.shape;
const { frequency_penalty, presence_penalty, reasoning_effort } = chatRequestSchema.shape;

const names = z.optional(z.array(z.string().check(z.regex(/^[\w.-]{1,64}$/))).check(z.maxLength(16)));
const price = z.optional(z.number().check(z.gte(0)));

/**
 * Without messages or any other free text: a preset says how a model answers, not what it is asked, and is not sealed.
 */
export const presetSettingsSchema = z.strictObject({
  model,
  fallback,
  retries,
  timeout,
  guardrails,
  provider: z.optional(
    z.strictObject({
      order: names,
      only: names,
      ignore: names,
      sort: z.optional(z.enum(["price", "latency", "throughput"])),
      max_price: z.optional(z.strictObject({ prompt: price, completion: price })),
      allow_fallbacks: z.optional(z.boolean()),
    }),
  ),
  temperature,
  top_p,
  max_tokens,
  max_completion_tokens,
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
