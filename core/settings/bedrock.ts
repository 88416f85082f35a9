import type { Setting } from "./read.ts";

/**
 * Models of Amazon Bedrock that the platform pays for: rows of the table like those in stage.ts, loaded where one is named.
 * Imports nothing that a chat has loaded.
 */

const id = "[a-z][a-z0-9-]*\\.[a-z0-9.-]*[a-z0-9](?::\\d+)*";
const profile = "arn:aws[a-z-]*:bedrock:[a-z0-9-]+:\\d{12}:application-inference-profile/[a-z0-9]+";
const entry = new RegExp(`^(${id}|(${profile})=(${id}))$`);

/** By the name that callers use after `bedrock/`: the id of the model, or the inference profile, whose price it has. */
export const bedrockModels: Setting<"BEDROCK_MODELS", ReadonlyMap<string, string>> = {
  name: "BEDROCK_MODELS",
  rule: "must be ids of models or inference profiles separated by commas, an application inference profile as <ARN>=<id>",
  read: (text) => {
    const models = new Map<string, string>();
    for (const part of text.split(",")) {
      const [found, plain = "", arn, of = plain] = entry.exec(part.trim()) ?? [];
      if (found !== undefined) models.set(arn ?? plain, of);
      else if (part.trim() !== "") return undefined;
    }
    return models;
  },
};

const region = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

export const bedrockRegion: Setting<"BEDROCK_REGION", string> = {
  name: "BEDROCK_REGION",
  rule: "must be a region of AWS, such as us-east-1",
  read: (text) => (region.test(text) ? text : undefined),
};
