import type { EmbeddingCreateParams } from "openai/resources/embeddings";
import { isRecord, type JsonRecord } from "#core/values/records.ts";

/** The vectors of an answer, held to what was asked: one for each input, in its order and in the form that was asked for. */

export interface Vector {
  readonly object: "embedding";
  readonly index: number;
  /** Numbers, or base64 of 32-bit floats. */
  readonly embedding: readonly number[] | string;
}

export interface VectorsAsked {
  readonly inputs: number;
  readonly form: "float" | "base64";
  readonly dimensions: number | undefined;
}

const floatBytes = 4;

/** What an embeddings request asks for. One list of numbers is one input. */
export const vectorsAsked = (
  { input, dimensions }: Pick<EmbeddingCreateParams, "input" | "dimensions">,
  form: "float" | "base64",
): VectorsAsked => ({
  inputs: Array.isArray(input) && typeof input[0] !== "number" ? input.length : 1,
  form,
  dimensions: dimensions ?? undefined,
});

const isVector = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "number" && Number.isFinite(each));

const toFloats = (text: string): readonly number[] | undefined => {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === 0 || bytes.length % floatBytes !== 0) return undefined;
  const floats = Array.from({ length: bytes.length / floatBytes }, (_, at) => bytes.readFloatLE(at * floatBytes));
  return isVector(floats) ? floats : undefined;
};

const toBase64 = (vector: readonly number[]): string => {
  const bytes = Buffer.alloc(vector.length * floatBytes);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * floatBytes);
  return bytes.toString("base64");
};

/** A vector in one form or the other, with its length; undefined for any other value. */
const readVector = (
  value: unknown,
  form: VectorsAsked["form"],
): { readonly embedding: Vector["embedding"]; readonly length: number } | undefined => {
  if (typeof value === "string") {
    const floats = toFloats(value);
    if (floats === undefined) return undefined;
    return { embedding: form === "base64" ? value : floats, length: floats.length };
  }
  if (!isVector(value)) return undefined;
  return { embedding: form === "base64" ? toBase64(value) : value, length: value.length };
};

/** The items in the order of the inputs: by their numbers, or as they came where they have none. */
const inOrder = (items: readonly JsonRecord[]): readonly JsonRecord[] | undefined => {
  if (items.every(({ index }) => index === undefined || index === null)) return items;
  const sorted: JsonRecord[] = [];
  for (const item of items) {
    const { index } = item;
    if (typeof index !== "number" || sorted[index] !== undefined || items[index] === undefined) return undefined;
    sorted[index] = item;
  }
  return sorted;
};

/** The vectors as asked, or words that say why they are not. */
export const readVectors = (data: unknown, { inputs, form, dimensions }: VectorsAsked): readonly Vector[] | string => {
  if (!Array.isArray(data) || !data.every(isRecord)) return "the answer has no embeddings";
  if (data.length !== inputs) return `the answer has ${data.length} embeddings for ${inputs} inputs`;
  const items = inOrder(data);
  if (items === undefined) return "the embeddings are not numbered 0, 1, …";
  const vectors: Vector[] = [];
  let length = dimensions;
  for (const [index, { embedding }] of items.entries()) {
    const vector = readVector(embedding, form);
    if (vector === undefined) return `embedding ${index} is not a vector`;
    length ??= vector.length;
    if (vector.length !== length) return `embedding ${index} has ${vector.length} dimensions, not ${length}`;
    vectors.push({ object: "embedding", index, embedding: vector.embedding });
  }
  return vectors;
};
