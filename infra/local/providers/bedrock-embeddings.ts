import { createHash } from "node:crypto";
import type { JsonObject } from "./json.ts";

/** Embedding models of Amazon Bedrock: their bodies, and vectors that are the same for the same text. */

/** What an embedding model is asked, once its body was read. */
export interface AskedEmbeddings {
  readonly texts: readonly string[];
  /** The body of the answer. */
  readonly answer: (vectors: readonly (readonly number[])[], tokens: number) => JsonObject;
  readonly dimensions: number;
}

const vectorOf = (text: string, dimensions: number): readonly number[] =>
  Array.from({ length: dimensions }, (_, index) => {
    const digest = createHash("sha256").update(`${index}:${text}`).digest();
    return Math.fround(digest.readInt32LE(0) / 2 ** 31);
  });

export const vectorsOf = ({ texts, dimensions }: AskedEmbeddings): readonly (readonly number[])[] =>
  texts.map((text) => vectorOf(text, dimensions));

const only = (body: JsonObject, names: readonly string[]): string | undefined => {
  const unknown = Object.keys(body).find((name) => !names.includes(name));
  return unknown === undefined ? undefined : `Malformed input request: extraneous key [${unknown}] is not permitted.`;
};

const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";

const titan = (body: JsonObject, isSecond: boolean): AskedEmbeddings | string => {
  const fault = only(body, isSecond ? ["inputText", "dimensions", "normalize", "embeddingTypes"] : ["inputText"]);
  if (fault !== undefined) return fault;
  const { inputText, dimensions = isSecond ? 1_024 : 1_536 } = body;
  if (!isText(inputText)) return "Malformed input request: inputText is required.";
  if (isSecond && ![256, 512, 1_024].includes(Number(dimensions))) return "Malformed input request: dimensions.";
  return {
    texts: [inputText],
    dimensions: Number(dimensions),
    answer: ([embedding], tokens) => ({ embedding, inputTextTokenCount: tokens }),
  };
};

const purposes = ["search_document", "search_query", "classification", "clustering"];

const cohere = (body: JsonObject, isFourth: boolean): AskedEmbeddings | string => {
  const fields = ["texts", "input_type", "truncate", "embedding_types", ...(isFourth ? ["output_dimension"] : [])];
  const fault = only(body, fields);
  if (fault !== undefined) return fault;
  const { texts, input_type: purpose, output_dimension: dimension = isFourth ? 1_536 : 1_024 } = body;
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > 96 || !texts.every(isText)) {
    return "Malformed input request: expected minimum item count: 1, found: 0 or more than 96 texts.";
  }
  if (!purposes.includes(String(purpose))) return "Malformed input request: required key [input_type] not found.";
  return {
    texts,
    dimensions: Number(dimension),
    answer: (vectors) => ({
      id: "simulated",
      // The fourth says by which type; the third lists the numbers.
      ...(isFourth
        ? { response_type: "embeddings_by_type", embeddings: { float: vectors } }
        : { response_type: "embeddings_floats", embeddings: vectors }),
      texts,
    }),
  };
};

/** What an embedding model is asked, words that refuse it, or undefined for a model that makes no embeddings. */
export const askedEmbeddings = (model: string, body: JsonObject): AskedEmbeddings | string | undefined => {
  const [, vendor, version] = /(?:^|\.)(amazon\.titan-embed-text|cohere\.embed)-(.+)$/.exec(model) ?? [];
  if (vendor === undefined) return undefined;
  return vendor.startsWith("amazon") ? titan(body, version === "v2:0") : cohere(body, version === "v4:0");
};
