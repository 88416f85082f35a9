import * as z from "zod/mini";

/** A prompt of Langfuse as its API gives it (GET /api/public/v2/prompts/{name}); what we do not use is left out. */

const message = z.object({ role: z.string(), content: z.string() });
/** `type` came later than placeholders did: an entry without a role is one. */
const placeholder = z.object({ type: z.optional(z.literal("placeholder")), name: z.string() });

export const promptSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), name: z.string(), version: z.int(), prompt: z.string() }),
  z.object({
    type: z.literal("chat"),
    name: z.string(),
    version: z.int(),
    prompt: z.array(z.union([message, placeholder])),
  }),
]);

export type Prompt = z.infer<typeof promptSchema>;
export type PromptMessage = Extract<Prompt, { type: "chat" }>["prompt"][number];

/** Which version of a prompt: a number, or a label that points at one. */
export type PromptVersion = { readonly version: number } | { readonly label: string };

const defaultLabel = "production";

/** Reads `prompt_version`: digits are a version, anything else a label. */
export const toPromptVersion = (given: number | string | undefined): PromptVersion => {
  if (given === undefined) return { label: defaultLabel };
  if (typeof given === "number") return { version: given };
  return /^[1-9]\d{0,8}$/.test(given) ? { version: Number(given) } : { label: given };
};
