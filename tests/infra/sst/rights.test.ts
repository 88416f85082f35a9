import { beforeAll, describe, expect, it } from "vitest";
import { tables } from "#core/tables.ts";
import { bedrockResources } from "#infra/bedrock-models.ts";
import { keyPolicy } from "#infra/key-policy.ts";
import { toDocument } from "#infra/local/rights/function-rights.ts";
import type { PolicyDocument } from "#infra/local/rights/policy.ts";
import { toCloudFormation } from "#infra/mocked/cloudformation.ts";
import { mockedAccount } from "#infra/mocked/pulumi-mocks.ts";
import type { MockedRun } from "#infra/mocked/registration.ts";
import { runProgram } from "#infra/mocked/run-program.ts";
import { deployedRows, theOne } from "#infra/mocked/stage-view.ts";
import { statementsOf } from "#infra/permissions.ts";
import { missingPlatform, suiteName } from "./platform.ts";

const { accountId, region, partition } = mockedAccount;
const arn = (resource: string): string => `arn:aws:dynamodb:${region}:${accountId}:table/${resource}`;

/** What the local cloud enforces is only worth something while it is what SST's program deploys. */
describe.skipIf(missingPlatform !== undefined)(suiteName("the rights that npm start enforces"), () => {
  let run: MockedRun;
  /** A stage that names models of Bedrock. */
  let naming: MockedRun;
  const models = "eu.anthropic.claude-sonnet-5,anthropic.claude-haiku-4-5-20251001-v1:0";
  const named = new Map(models.split(",").map((id) => [id, id]));
  beforeAll(async () => {
    run = await runProgram({ stage: "production" });
    naming = await runProgram({ stage: "dev", environment: { BEDROCK_MODELS: models, BEDROCK_REGION: "eu-west-1" } });
  }, 480_000);

  const roleOf = (component: string, of = run): PolicyDocument => {
    const policies = toCloudFormation(of).Resources[`${component}RoleRole`]?.Properties.Policies;
    const [policy] = (policies ?? []) as readonly { readonly PolicyDocument: PolicyDocument }[];
    if (policy === undefined) throw new Error(`No policy of ${component}`);
    return policy.PolicyDocument;
  };

  it("are the documents of the deployed roles, statement by statement", () => {
    for (const { component, grants } of deployedRows) {
      const local = toDocument(
        statementsOf(grants, {
          app: "concurred",
          stage: "production",
          region,
          keyArn: `arn:aws:kms:${region}:${accountId}:key/EncryptionKey`,
          rolesArn: (account) => `arn:aws:iam::${account === "own" ? accountId : "*"}:role/*`,
          tableArn: (table) => arn(tables[table].resource),
          indexArn: (table, index) => `${arn(tables[table].resource)}/index/${index}`,
          bedrock: [],
        }),
      );
      const deployed = roleOf(component)
        .Statement.filter(
          ({ Action, Resource }) => /dynamodb|kms|sts/.test(String(Action)) && !/stream|^\*$/.test(String(Resource)),
        )
        .map(({ Condition = {}, ...rest }) => ({ ...rest, Condition }));
      expect([component, deployed]).toEqual([component, local.Statement]);
    }
  });

  it("include Bedrock only where the stage names models, for the functions that ask them and no other", () => {
    const ofBedrock = (component: string, of: MockedRun) =>
      roleOf(component, of).Statement.filter(({ Action }) => String(Action).includes("bedrock"));
    const place = { named, region: "eu-west-1", accountId, partition };
    for (const { component, grants } of deployedRows) {
      expect([component, ofBedrock(component, run)]).toEqual([component, []]);
      const actions = grants.filter((grant) => grant.startsWith("bedrock:"));
      const expected = actions.length === 0 ? [] : bedrockResources(place);
      expect([component, ofBedrock(component, naming).map(({ Resource }) => Resource)]).toEqual([
        component,
        expected.map(({ resources }) => (resources.length === 1 ? resources[0] : resources)),
      ]);
      for (const { Action } of ofBedrock(component, naming)) expect([Action].flat()).toEqual(actions);
    }
    const asking = deployedRows.filter(({ grants }) => grants.some((grant) => grant.startsWith("bedrock:")));
    expect(asking.map(({ id }) => id).sort()).toEqual([
      ...["Battle", "Chat", "ChatCompletions", "Council", "Embeddings"],
      ...["Fight", "Mcp", "Messages", "Responses", "Vision"],
    ]);
    const [, behind] = ofBedrock("ApiRouteChatCompletionsHandler", naming);
    expect(behind?.Condition).toEqual({
      StringEquals: {
        "bedrock:InferenceProfileArn": [
          `arn:aws:bedrock:eu-west-1:${accountId}:inference-profile/eu.anthropic.claude-sonnet-5`,
        ],
      },
    });
  });

  it("include the key's own policy", () => {
    expect(theOne(run, "aws:kms/key:Key", "EncryptionKey").policy).toBe(
      keyPolicy({ app: "concurred", stage: "production", region, accountId, partition }),
    );
  });
});
