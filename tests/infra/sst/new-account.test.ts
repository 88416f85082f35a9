import { beforeAll, describe, expect, it } from "vitest";
import type { MockedRun } from "#infra/mocked/registration.ts";
import { runProgram } from "#infra/mocked/run-program.ts";
import { ofType } from "#infra/mocked/stage-view.ts";
import { missingPlatform, suiteName } from "./platform.ts";

const runTimeoutMs = 240_000;

const reserving = (run: MockedRun): readonly string[] =>
  ofType(run, "aws:lambda/function:Function")
    .filter(({ inputs }) => inputs.reservedConcurrentExecutions !== undefined)
    .map(({ name }) => name);

describe.skipIf(missingPlatform !== undefined)(suiteName("production in a new account"), () => {
  let run: MockedRun;
  beforeAll(async () => {
    run = await runProgram({ stage: "production", environment: { MOCKED_LAMBDA_QUOTA: "10" } });
  }, runTimeoutMs);

  it("deploys without reservations, since Lambda would refuse each of them", () => {
    expect(reserving(run)).toEqual([]);
  });

  it("says so at the end of the deploy, and what to do", () => {
    expect(run.outputs.warning).toMatch(/No concurrency is reserved.*the account has 10\..*Request a higher quota/);
  });
});

describe.skipIf(missingPlatform !== undefined)(suiteName("a limit that the deployer names"), () => {
  it(
    "is taken instead of the account's quota",
    async () => {
      const environment = { MOCKED_LAMBDA_QUOTA: "10", LAMBDA_CONCURRENCY_LIMIT: "1000" };
      const run = await runProgram({ stage: "production", environment });
      expect(reserving(run).length).toBeGreaterThan(0);
      expect(run.outputs).not.toHaveProperty("warning");
    },
    runTimeoutMs,
  );
});
