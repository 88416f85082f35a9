import { beforeAll, describe, expect, it } from "vitest";
import { backgroundFunctions, catchAll, type Route } from "#core/routes.ts";
import type { MockedRun } from "#infra/mocked/registration.ts";
import { runProgram } from "#infra/mocked/run-program.ts";
import { deployedRows, lambdaOf, ofType } from "#infra/mocked/stage-view.ts";
import { reservedTotal, settingsOf } from "#infra/stage.ts";
import { withMoreRoutes } from "../more-routes.ts";
import { missingPlatform, suiteName } from "./platform.ts";

/** Limits of AWS that a longer route table comes closer to. The table may grow by sixty rows before one of them is met. */
const rows = withMoreRoutes(60);

/** Lambda's default quota, less the executions that AWS keeps unreserved. Source: Lambda developer guide, "Quotas". */
const reservable = 1_000 - 100;
/** Of one REST API, by default. Source: API Gateway developer guide, "Quotas". */
const maxResources = 300;
/** Of one search in a graph. Source: CloudWatch user guide, "Search expression syntax". */
const maxSearchedSeries = 500;
/** Of one account, by default. Source: IAM user guide, "IAM and AWS STS quotas". */
const maxRoles = 1_000;
/** All inline policies of one role together, without whitespace. Source: IAM user guide, "IAM and AWS STS quotas". */
const maxRolePolicyBytes = 10_240;
/** Of one function. Source: Lambda developer guide, "Quotas". */
const maxEnvironmentBytes = 4_096;

const resourcesOf = (table: readonly Pick<Route, "path">[]): number => {
  const paths = table.flatMap(({ path }) => {
    const parts = path.split("/").slice(1);
    return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  });
  return new Set(paths).size;
};

describe("sixty routes more", () => {
  it("have their executions reserved in production and staging together, in an account with the usual quota", () => {
    const total = ["production", "staging"].reduce(
      (sum, stage) => sum + reservedTotal(settingsOf(stage).reservedConcurrency, rows),
      0,
    );
    expect(total).toBeLessThanOrEqual(reservable);
  });

  it("fit into one API", () => {
    expect(resourcesOf([...rows, catchAll])).toBeLessThanOrEqual(maxResources);
  });

  it("have a role each, in two stages of one account", () => {
    // A schedule has a second one; SST and we have a few more.
    const roles = rows.length + 1 + 2 * backgroundFunctions.length;
    expect(2 * roles).toBeLessThanOrEqual(maxRoles / 2);
  });

  it("are all found by the searches of the dashboards", () => {
    expect(rows.length + 1 + backgroundFunctions.length).toBeLessThanOrEqual(maxSearchedSeries);
  });
});

describe.skipIf(missingPlatform !== undefined)(suiteName("a function of the production stage"), () => {
  let run: MockedRun;
  beforeAll(async () => {
    run = await runProgram({ stage: "production" });
  }, 240_000);

  it("has a role whose policy is far from IAM's limit", () => {
    for (const { name, inputs } of ofType(run, "aws:iam/role:Role")) {
      const policies = (inputs.inlinePolicies ?? []) as readonly { readonly policy: string }[];
      const bytes = policies.reduce((sum, { policy }) => sum + JSON.stringify(JSON.parse(policy)).length, 0);
      expect([name, bytes < maxRolePolicyBytes / 2]).toEqual([name, true]);
    }
  });

  it("has an environment that fits", () => {
    for (const row of deployedRows) {
      const { variables } = lambdaOf(run, row).environment as { variables: object };
      expect([row.id, JSON.stringify(variables).length < maxEnvironmentBytes]).toEqual([row.id, true]);
    }
  });
});
