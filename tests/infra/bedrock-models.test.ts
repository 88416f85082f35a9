import { describe, expect, it } from "vitest";
import { bedrockResources } from "#infra/bedrock-models.ts";
import { checkDeploySettings } from "#infra/deploy-environment.ts";
import { localFaults, settingOf } from "#infra/settings.ts";

const needed = { SUPABASE_URL: "https://project.supabase.co", UNKEY_API_ID: "api_1" };
const application = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc123";

const named = (models: string): ReadonlyMap<string, string> =>
  settingOf("BEDROCK_MODELS", { BEDROCK_MODELS: models }) ?? new Map();
const allowed = (models: string, region: string) =>
  bedrockResources({ named: named(models), region, accountId: "123456789012", partition: "aws" });

describe("BEDROCK_MODELS", () => {
  it.each<[string, string, string]>([
    [
      "us.meta.llama3-1-8b-instruct-v1:0",
      "us-east-1",
      "names us.meta.llama3-1-8b-instruct-v1:0, whose price is not known",
    ],
    [
      "amazon.nova-lite-v1:0",
      "eu-central-1",
      "names amazon.nova-lite-v1:0, whose price in eu-central-1 is not known: name an inference profile, or set BEDROCK_REGION",
    ],
    [
      "us.anthropic.claude-sonnet-5",
      "eu-central-1",
      "names us.anthropic.claude-sonnet-5, which cannot be called from eu-central-1: set BEDROCK_REGION",
    ],
    [`${application}=eu.anthropic.claude-sonnet-5`, "eu-west-1", `names ${application}, which is not in eu-west-1`],
    [
      Array.from({ length: 20 }, (_, index) => `eu.anthropic.claude-opus-5-v${index}:0`).join(","),
      "eu-west-1",
      "names more models than the policy of a role can hold",
    ],
  ])("%s in %s is refused at a start and in a deploy, in one sentence", (models, region, fault) => {
    const environment = { BEDROCK_MODELS: models, BEDROCK_REGION: region };
    expect(localFaults(environment)).toEqual([`BEDROCK_MODELS ${fault}.`]);
    expect(() => checkDeploySettings({ ...needed, ...environment })).toThrow(new Error(`BEDROCK_MODELS ${fault}.`));
  });

  it("is held to the stage's own region, unless BEDROCK_REGION names another", () => {
    const models = { BEDROCK_MODELS: "us.anthropic.claude-sonnet-5" };
    expect(() => checkDeploySettings({ ...needed, ...models, AWS_REGION: "eu-central-1" })).toThrow("cannot be called");
    const elsewhere = { ...needed, ...models, AWS_REGION: "eu-central-1", BEDROCK_REGION: "us-west-2" };
    expect(() => checkDeploySettings(elsewhere)).not.toThrow();
  });

  it("takes models, profiles of every kind, and nothing", () => {
    const models = `global.anthropic.claude-sonnet-5, anthropic.claude-haiku-4-5-20251001-v1:0,${application}=eu.amazon.nova-lite-v1:0`;
    expect(localFaults({ BEDROCK_MODELS: models, BEDROCK_REGION: "eu-central-1" })).toEqual([]);
    expect(named(models).get(application)).toBe("eu.amazon.nova-lite-v1:0");
    expect(localFaults({ BEDROCK_MODELS: " , ," })).toEqual([]);
    expect(allowed("", "us-east-1")).toEqual([]);
  });
});

const model = (region: string, id: string): string => `arn:aws:bedrock:${region}::foundation-model/${id}`;
const profile = (region: string, id: string): string =>
  `arn:aws:bedrock:${region}:123456789012:inference-profile/${id}`;
const through = (...profiles: readonly string[]) => [
  { test: "StringEquals", variable: "bedrock:InferenceProfileArn", values: profiles },
];

describe("what a role may ask of Bedrock", () => {
  it("is a model in the region of the call, by its ARN", () => {
    expect(allowed("amazon.titan-embed-text-v2:0", "us-west-2")).toEqual([
      { resources: [model("us-west-2", "amazon.titan-embed-text-v2:0")], conditions: [] },
    ]);
  });

  it("is a profile, and the model in every region that it may send a request to through this profile alone", () => {
    const id = "eu.anthropic.claude-sonnet-5";
    const [direct, behind] = allowed(id, "eu-central-2");
    expect(direct).toEqual({ resources: [profile("eu-central-2", id)], conditions: [] });
    expect(behind).toEqual({
      resources: [
        "eu-central-2",
        "eu-central-1",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-3",
      ].map((region) => model(region, "anthropic.claude-sonnet-5")),
      conditions: through(profile("eu-central-2", id)),
    });
  });

  it("is a global profile, and the model in the region of the call and in none", () => {
    const id = "global.anthropic.claude-sonnet-5";
    expect(allowed(id, "ap-south-1")).toEqual([
      { resources: [profile("ap-south-1", id)], conditions: [] },
      {
        resources: [model("ap-south-1", "anthropic.claude-sonnet-5"), model("", "anthropic.claude-sonnet-5")],
        conditions: through(profile("ap-south-1", id)),
      },
    ]);
  });

  it("is an application inference profile, and the model behind it", () => {
    const [direct, behind] = allowed(`${application}=global.anthropic.claude-sonnet-5`, "eu-central-1");
    expect(direct?.resources).toEqual([application]);
    expect(behind?.conditions).toEqual(through(application));
    expect(behind?.resources).toContain(model("", "anthropic.claude-sonnet-5"));
  });

  it("has no wildcard", () => {
    const all = allowed(
      "us.anthropic.claude-sonnet-5,global.amazon.nova-2-lite-v1:0,openai.gpt-oss-20b-1:0",
      "us-east-1",
    );
    expect(JSON.stringify(all)).not.toMatch(/[*?]/);
  });
});
