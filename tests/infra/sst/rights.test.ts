import { beforeAll, describe, expect, it } from "vitest";
import { tables } from "#core/tables.ts";
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
  beforeAll(async () => {
    run = await runProgram({ stage: "production" });
  }, 240_000);

  const roleOf = (component: string): PolicyDocument => {
    const policies = toCloudFormation(run).Resources[`${component}RoleRole`]?.Properties.Policies;
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
          tableArn: (table) => arn(tables[table].resource),
          indexArn: (table, index) => `${arn(tables[table].resource)}/index/${index}`,
        }),
      );
      const deployed = roleOf(component)
        .Statement.filter(
          ({ Action, Resource }) => /dynamodb|kms/.test(String(Action)) && !/stream|^\*$/.test(String(Resource)),
        )
        .map(({ Condition = {}, ...rest }) => ({ ...rest, Condition }));
      expect([component, deployed]).toEqual([component, local.Statement]);
    }
  });

  it("include the key's own policy", () => {
    expect(theOne(run, "aws:kms/key:Key", "EncryptionKey").policy).toBe(
      keyPolicy({ app: "concurred", stage: "production", region, accountId, partition }),
    );
  });
});
