import { type JsonObject, objectsOf } from "./json.ts";
import { tokensOf } from "./text-pieces.ts";
import type { WireEngine } from "./wire-engine.ts";

/** Strings, or token numbers, in one or many inputs, as texts. */
const textsOf = (input: unknown): readonly string[] => {
  if (typeof input === "string") return [input];
  if (!Array.isArray(input)) return [];
  return typeof input[0] === "number"
    ? [JSON.stringify(input)]
    : input.map((each) => (typeof each === "string" ? each : JSON.stringify(each)));
};

export const embeddingsText = (body: JsonObject): string => textsOf(body.input).join("\n");

/** The body of POST /embeddings: aimock's vectors (the same text has the same one), in base64 if asked, with usage. */
export const embeddingsBody = async (
  body: JsonObject,
  engine: WireEngine,
  signal: AbortSignal,
): Promise<JsonObject> => {
  const texts = textsOf(body.input);
  const { encoding_format: encoding, ...request } = body;
  const answer = await engine.whole("embeddings", { ...request, input: texts }, undefined, signal);
  const encode = (vector: unknown): unknown =>
    encoding === "base64" && Array.isArray(vector)
      ? Buffer.from(Float32Array.from(vector.map(Number)).buffer).toString("base64")
      : vector;
  const tokens = texts.reduce((sum, text) => sum + tokensOf(text.length), 0);
  return {
    ...answer,
    data: objectsOf(answer.data).map((item) => ({ ...item, embedding: encode(item.embedding) })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
};
