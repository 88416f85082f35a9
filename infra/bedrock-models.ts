import { bedrockEmbedding } from "#core/catalog/bedrock-embeddings.ts";
import { baseId, claudeId, profileOf } from "#core/catalog/bedrock-id.ts";
import { bedrockModel } from "#core/catalog/bedrock-models.ts";
import { anthropicModels } from "#core/catalog/models-anthropic.ts";
import type { Condition } from "./permissions.ts";

/** The models of Amazon Bedrock that a stage names: what is wrong with them, and what a role needs for them. */

type Named = ReadonlyMap<string, string>;

interface Geography {
  /** Where its profiles can be called. */
  readonly from: RegExp;
  /** Where they may send a request, in addition to the region in which they are called. */
  readonly to: readonly string[];
}

const asia = ["ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2"];
const pacific = ["ap-southeast-1", "ap-southeast-2", "ap-southeast-4"];

/** By the profile's prefix. Source: Bedrock user guide, "Supported Regions and models for inference profiles". */
const geographies: Readonly<Record<string, Geography>> = {
  us: { from: /^(?:us-(?:east|west)|ca)-/, to: ["us-east-1", "us-east-2", "us-west-1", "us-west-2"] },
  eu: {
    from: /^eu-/,
    to: ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"],
  },
  apac: { from: /^ap-/, to: [...asia, ...pacific] },
  jp: { from: /^ap-northeast-/, to: ["ap-northeast-1", "ap-northeast-3"] },
  au: { from: /^ap-southeast-/, to: ["ap-southeast-2", "ap-southeast-4"] },
  ca: { from: /^ca-/, to: ["ca-central-1", "ca-west-1"] },
  in: { from: /^ap-south-/, to: ["ap-south-1", "ap-south-2"] },
  "us-gov": { from: /^us-gov-/, to: ["us-gov-east-1", "us-gov-west-1"] },
  // It asks for the model in its own region and in none.
  global: { from: /^(?!us-gov-)/, to: [""] },
};

/** The regions whose copy of a model a call may reach, the one of the call first. */
export const regionsOf = (id: string, region: string): readonly string[] => [
  ...new Set([region, ...(geographies[profileOf(id) ?? ""]?.to ?? [])]),
];

const isUs = (region: string): boolean => /^us-(?:east|west)-/.test(region);

const listed = new Map(anthropicModels.map((model) => [`anthropic/${model.providerModel}`, model]));

const faultOf = (name: string, id: string, region: string): string | undefined => {
  const profile = profileOf(id);
  if (bedrockModel(name, id, listed) === undefined && bedrockEmbedding(name, id) === undefined) {
    return `names ${id}, whose price is not known`;
  }
  if (profile === undefined && !isUs(region) && (claudeId(id) === undefined || region.startsWith("us-gov-"))) {
    return `names ${id}, whose price in ${region} is not known: name an inference profile, or set BEDROCK_REGION`;
  }
  if (profile !== undefined && geographies[profile]?.from.test(region) !== true) {
    return `names ${id}, which cannot be called from ${region}: set BEDROCK_REGION`;
  }
  const [, , , ofArn = region] = name.split(":");
  if (name.startsWith("arn:") && ofArn !== region) return `names ${name}, which is not in ${region}`;
  return undefined;
};

/** Of a role's 10,240 characters, what its other rights leave for those of Bedrock. */
const maxPolicyCharacters = 6_000;

/** What is wrong with the models that a stage names, a sentence each. */
export const bedrockModelFaults = (named: Named = new Map(), region: string): readonly string[] => {
  const faults = Array.from(named).flatMap(([name, id]) => faultOf(name, id, region) ?? []);
  const place = { named, region, accountId: "000000000000", partition: "aws" };
  const isLong = JSON.stringify(bedrockResources(place)).length > maxPolicyCharacters;
  return [...faults, ...(isLong ? ["names more models than the policy of a role can hold"] : [])].map(
    (fault) => `BEDROCK_MODELS ${fault}.`,
  );
};

/** Where a stage's models are. */
export interface BedrockPlace {
  readonly named: Named;
  readonly region: string;
  readonly accountId: string;
  readonly partition: string;
}

/** ARN of the inference profile that a name stands for; undefined for a model's own id. */
export const profileArn = (
  name: string,
  { region, accountId, partition }: Omit<BedrockPlace, "named">,
): string | undefined => {
  if (name.startsWith("arn:")) return name;
  return profileOf(name) === undefined
    ? undefined
    : `arn:${partition}:bedrock:${region}:${accountId}:inference-profile/${name}`;
};

/** ARN of a model in a region. */
export const modelArn = (id: string, region: string, partition: string): string =>
  `arn:${partition}:bedrock:${region}::foundation-model/${baseId(id)}`;

/**
 * What a role may ask: the models and the profiles by their ARNs, and the models behind profiles through these profiles alone.
 * AWS checks both, the second in every region that a profile may send a request to.
 */
export const bedrockResources = (
  place: BedrockPlace,
): readonly { readonly resources: string[]; readonly conditions: Condition[] }[] => {
  const direct: string[] = [];
  const profiles: string[] = [];
  const behind = new Set<string>();
  for (const [name, id] of place.named) {
    const profile = profileArn(name, place);
    const models = regionsOf(id, place.region).map((region) => modelArn(id, region, place.partition));
    if (profile === undefined) direct.push(...models);
    else {
      profiles.push(profile);
      for (const model of models) behind.add(model);
    }
  }
  const through = { test: "StringEquals", variable: "bedrock:InferenceProfileArn", values: profiles };
  return [
    { resources: [...direct, ...profiles], conditions: [] },
    ...(behind.size === 0 ? [] : [{ resources: [...behind], conditions: [through] }]),
  ].filter(({ resources }) => resources.length > 0);
};
