import * as z from "zod";
import { battleSchema } from "#core/schemas/arena.ts";
import { councilSchema } from "#core/schemas/council.ts";
import { imageGenerateSchema } from "#core/schemas/image.ts";
import { videoGenerateSchema, videoStatusQuery } from "#core/schemas/video.ts";
import type { JsonRecord } from "#core/values/records.ts";

/** The gateway's tools for agents. Each is an endpoint, with its body as arguments, and under its limit. */

const chatSchema = z.strictObject({
  model: z.string().min(1).max(200).default("auto").describe("An alias, a model's id, `auto` or `concurred/council`"),
  message: z.string().min(1).max(100_000),
  system: z.string().min(1).max(100_000).optional().describe("The system prompt"),
  maxTokens: z.int().min(1).max(100_000).optional(),
});

export const toolSchemas = {
  chat: chatSchema,
  council: councilSchema.omit({ stream: true }),
  battle: z.strictObject(battleSchema.omit({ stream: true }).shape),
  image: imageGenerateSchema,
  video: videoGenerateSchema.omit({ webhookUrl: true }),
  video_status: videoStatusQuery.omit({ content: true }),
} as const;

export type ToolName = keyof typeof toolSchemas;
export type ToolArguments = { readonly [Name in ToolName]: z.output<(typeof toolSchemas)[Name]> };

const descriptions: Readonly<Record<ToolName, { readonly title: string; readonly description: string }>> = {
  chat: { title: "Ask a model", description: "Asks one model and returns its answer." },
  council: {
    title: "Ask a council",
    description:
      "Asks several models, compares their drafts, and returns one answer with how far they agree. Slower and more expensive than chat; for questions where being right matters.",
  },
  battle: { title: "Compare two models", description: "Asks two models the same question and returns both answers." },
  image: { title: "Make an image", description: "Makes images of a description and returns their addresses or data." },
  video: {
    title: "Start a video",
    description: "Starts a video of a description and returns its job; ask video_status.",
  },
  video_status: {
    title: "Check a video",
    description: "Returns the state of a video's job, and its address when done.",
  },
};

const toolNames = Object.keys(toolSchemas) as readonly ToolName[];

export const isToolName = (name: unknown): name is ToolName => toolNames.some((known) => known === name);

const inputSchemaOf = (name: ToolName): JsonRecord => {
  const { $schema: _, ...schema } = z.toJSONSchema(toolSchemas[name], { io: "input", unrepresentable: "any" });
  return schema as JsonRecord;
};

/** The tools as `tools/list` names them. */
export const listedTools = (): readonly JsonRecord[] =>
  toolNames.map((name) => ({
    name,
    ...descriptions[name],
    inputSchema: inputSchemaOf(name),
    annotations: { readOnlyHint: name === "video_status", destructiveHint: false, openWorldHint: true },
  }));
