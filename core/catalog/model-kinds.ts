import type { ModelFacts } from "./define-model.ts";
import type { Modality, ModelCapabilities } from "./model.ts";

/** What models read and can do, by the kinds that there are. */

export const textOnly: readonly Modality[] = ["text"];
export const textImage: readonly Modality[] = ["text", "image"];
export const textImageFile: readonly Modality[] = ["text", "image", "file"];
/** Gemini reads files too, but not over the endpoint that we call. */
export const textImageAudio: readonly Modality[] = ["text", "image", "audio"];

export const reasoner: ModelCapabilities = { tools: true, reasoning: true, jsonSchema: true };
export const plain: ModelCapabilities = { tools: true, reasoning: false, jsonSchema: true };
export const noSchema: ModelCapabilities = { tools: true, reasoning: true, jsonSchema: false };

/** What only some models of a family have. */
export type More = Partial<Pick<ModelFacts, "output" | "long" | "later" | "deprecated">>;
