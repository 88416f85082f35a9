import { randomBytes } from "node:crypto";
import type { Directives } from "./directives.ts";
import { type JsonObject, objectsOf, stringOf } from "./json.ts";

/** The categories of omni-moderation-latest, each with the words that our stand-in takes for it. */
const categories: Readonly<Record<string, RegExp | undefined>> = {
  harassment: undefined,
  "harassment/threatening": undefined,
  hate: undefined,
  "hate/threatening": undefined,
  illicit: undefined,
  "illicit/violent": /\bbuild a bomb\b/i,
  "self-harm": /\b(suicide|hurt myself|kill myself)\b/i,
  "self-harm/intent": undefined,
  "self-harm/instructions": undefined,
  sexual: undefined,
  "sexual/minors": undefined,
  violence: /\b(kill|murder)\b/i,
  "violence/graphic": undefined,
};
const categoriesOfImages = [
  "self-harm",
  "self-harm/intent",
  "self-harm/instructions",
  "sexual",
  "violence",
  "violence/graphic",
];

const resultOf = (text: string, hasImage: boolean, flaggedCategory: string | undefined): JsonObject => {
  const flagged = (category: string): boolean =>
    category === flaggedCategory || (categories[category]?.test(text) ?? false);
  const forEach = <Value>(value: (category: string) => Value) =>
    Object.fromEntries(Object.keys(categories).map((category) => [category, value(category)]));
  return {
    flagged: Object.keys(categories).some(flagged),
    categories: forEach(flagged),
    category_scores: forEach((category) => (flagged(category) ? 0.98 : 0.0001)),
    category_applied_input_types: forEach((category) =>
      hasImage && categoriesOfImages.includes(category) ? ["text", "image"] : ["text"],
    ),
  };
};

/** The text of a moderation request, with its directives. */
export const moderationText = (body: JsonObject): string =>
  [body.input]
    .flat()
    .map((input) =>
      typeof input === "string"
        ? input
        : objectsOf([input])
            .map((part) => stringOf(part.text))
            .join(""),
    )
    .join("\n");

/**
 * The body of POST /moderations: one result for a string or for parts of one input, one for each string of a list.
 * Ours and not aimock's, which gives a single result whatever came in.
 */
export const moderationBody = (body: JsonObject, directives: Directives): JsonObject => {
  const { input } = body;
  const strings = Array.isArray(input) && input.every((each) => typeof each === "string");
  const texts: readonly string[] = strings ? input : [moderationText(body)];
  const hasImage = objectsOf(input).some((part) => part.type === "image_url");
  return {
    id: `modr-${randomBytes(12).toString("hex")}`,
    model: stringOf(body.model) || "omni-moderation-latest",
    results: texts.map((text) => resultOf(text, hasImage, directives.flaggedCategory)),
  };
};
