import * as z from "zod";
import { arenaTurn, modelName, modelNames } from "./arena.ts";

/** The request of POST /api/v1/council. */

const maxMessageCharacters = 100_000;
const maxRubricCharacters = 4_000;

export const councilSchema = z.strictObject({
  message: z.string().min(1).max(maxMessageCharacters).optional().describe("The question, after `messages`"),
  messages: z
    .array(arenaTurn)
    .min(1)
    .max(200)
    .optional()
    .describe("The conversation; alone, it ends in the user's turn"),
  models: modelNames.optional().describe("The panel: 2 to 8 models. Default: three of different families, by `panel`"),
  panel: z.enum(["standard", "budget"]).default("standard").describe("The price class of whoever is not named"),
  judge: modelName.optional().describe("Default: a model of a family that is not on the panel, where one is available"),
  comparer: modelName.optional().describe("Who compares the drafts; default: a cheap model"),
  rubric: z.string().min(1).max(maxRubricCharacters).optional().describe("What makes an answer good, for the judge"),
  maxCostUsd: z.number().min(0.000_001).max(1_000).optional().describe("The most that the whole run may cost, USD"),
  maxTokens: z.int().min(1).max(100_000).optional().describe("The most output tokens of the answer"),
  stream: z.boolean().default(false),
  search: z.boolean().default(false).describe("Whether drafts may search the web, where a search key is set"),
});
