import * as z from "zod";
import { errorAnswer } from "./answers.ts";
import { arenaCostUsd, arenaUsage, citationSchema } from "./arena-events.ts";

/** What /api/chat and /api/v1/battle answer when they do not stream. */

const totals = { usage: arenaUsage, costUsd: arenaCostUsd };

export const battleAnswer = z
  .strictObject({
    success: z.literal(true),
    data: z.strictObject({
      id: z.string(),
      message: z.string(),
      answers: z.array(
        z.strictObject({
          agentId: z.string(),
          model: z.string(),
          modelUsed: z
            .string()
            .nullable()
            .describe("The model that answered; differs from `model` for an alias or `auto`"),
          content: z.string().nullable().describe("Null if the agent failed; see `error`"),
          finishReason: z.string().nullable().describe("As in a chat completion; `length` for a truncated answer"),
          citations: z.array(citationSchema),
          usage: arenaUsage.nullable(),
          costUsd: arenaCostUsd,
          latencyMs: z.int().nullable(),
          error: errorAnswer.shape.error.nullable(),
        }),
      ),
      ...totals,
    }),
  })
  .meta({ id: "Battle" });

export const arenaChatAnswer = z
  .strictObject({
    success: z.literal(true),
    data: z.strictObject({
      id: z.string(),
      model: z.string().describe("The model that answered"),
      content: z.string(),
      finishReason: z.string().describe("As in a chat completion"),
      ...totals,
    }),
  })
  .meta({ id: "Chat" });
