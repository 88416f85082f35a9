import * as z from "zod";

const maxInputs = 2_048;
const tokens = z.array(z.int().min(0)).min(1);

/** The request of POST /api/v1/embeddings, as OpenAI's. Fields that it does not name pass through. */
export const embeddingRequestSchema = z.looseObject({
  model: z.string().min(1).max(200),
  input: z.union([
    z.string().min(1),
    z.array(z.string().min(1)).min(1).max(maxInputs),
    tokens.max(maxInputs),
    z.array(tokens).min(1).max(maxInputs),
  ]),
  dimensions: z.int().min(1).nullish(),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  user: z.string().nullish(),
});

export type EmbeddingRequest = z.infer<typeof embeddingRequestSchema>;
