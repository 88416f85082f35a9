import * as z from "zod";

/** A version of a prompt as Langfuse's API shows it. */
const storedPrompt = z.object({
  id: z.string(),
  name: z.string(),
  version: z.int().min(1),
  type: z.enum(["text", "chat"]),
  prompt: z.unknown(),
  config: z.unknown(),
  labels: z.array(z.string()),
  tags: z.array(z.string()),
  commitMessage: z.string().nullable(),
});

export type StoredPrompt = z.infer<typeof storedPrompt>;

export const promptsSchema = z.object({ prompts: z.array(storedPrompt) });
export type PromptState = z.infer<typeof promptsSchema>;

const chatEntry = z.union([
  z.object({ type: z.literal("chatmessage").optional(), role: z.string(), content: z.string() }),
  z.object({ type: z.literal("placeholder"), name: z.string() }),
]);

const shared = {
  name: z.string().min(1),
  config: z.unknown().optional(),
  labels: z.array(z.string()).default([]),
  tags: z.array(z.string()).default([]),
  commitMessage: z.string().nullish(),
};

/** The body of POST /api/public/v2/prompts. */
export const newPromptSchema = z.union([
  z.object({ ...shared, type: z.literal("chat"), prompt: z.array(chatEntry) }),
  z.object({ ...shared, type: z.literal("text").default("text"), prompt: z.string() }),
]);

export type NewPrompt = z.infer<typeof newPromptSchema>;

const latest = "latest";

/** Adds a version. A label points at one version only, so the newest takes it over; `latest` is always the newest. */
export const addPrompt = (state: PromptState, given: NewPrompt): StoredPrompt => {
  const versions = state.prompts.filter(({ name }) => name === given.name);
  const labels = [...new Set([...given.labels, latest])];
  for (const older of versions) older.labels = older.labels.filter((label) => !labels.includes(label));
  const version = Math.max(0, ...versions.map((older) => older.version)) + 1;
  const added: StoredPrompt = {
    id: `${given.name}-${version}`,
    name: given.name,
    version,
    type: given.type,
    prompt: given.prompt,
    config: given.config ?? {},
    labels,
    tags: given.tags,
    commitMessage: given.commitMessage ?? null,
  };
  state.prompts.push(added);
  return added;
};

/** The version with a number or a label; without either the one with the label `production`. */
export const findPrompt = (
  state: PromptState,
  name: string,
  { version, label }: { readonly version: number | undefined; readonly label: string | undefined },
): StoredPrompt | undefined =>
  state.prompts.find(
    (prompt) =>
      prompt.name === name &&
      (version === undefined ? prompt.labels.includes(label ?? "production") : prompt.version === version),
  );

/** Prompts to try things out with: a text and a chat, each with an older version. */
export const demoPrompts = (): PromptState => {
  const state: PromptState = { prompts: [] };
  addPrompt(state, {
    type: "text",
    name: "support-reply",
    prompt: "You answer customers of {{company}}.",
    labels: [],
    tags: ["demo"],
  });
  addPrompt(state, {
    type: "text",
    name: "support-reply",
    prompt: "You answer customers of {{company}} in a {{tone}} tone, in at most three sentences.",
    labels: ["production"],
    tags: ["demo"],
  });
  addPrompt(state, {
    type: "chat",
    name: "translate",
    prompt: [
      {
        type: "chatmessage",
        role: "system",
        content: "Translate into {{language}}. Answer with the translation only.",
      },
      { type: "chatmessage", role: "user", content: "Good morning" },
      { type: "chatmessage", role: "assistant", content: "{{example}}" },
      { type: "placeholder", name: "messages" },
    ],
    labels: ["production"],
    tags: ["demo"],
  });
  addPrompt(state, {
    type: "chat",
    name: "translate",
    prompt: [{ type: "chatmessage", role: "system", content: "Translate into {{language}}." }],
    labels: ["staging"],
    tags: ["demo"],
  });
  return state;
};
