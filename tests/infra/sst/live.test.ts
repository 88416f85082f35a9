import { describe, expect, it } from "vitest";
import { deployedRows, lambdaOf } from "#infra/mocked/stage-view.ts";
import { missingPlatform, suiteName } from "./platform.ts";
import { holdStageGuarantees } from "./stage-guarantees.ts";

const { run } = holdStageGuarantees({ stage: "alice", dev: true });

describe.skipIf(missingPlatform !== undefined)(suiteName("live debugging"), () => {
  it("tells the bridge which functions stream, so that breakpoints work in a stream too", () => {
    for (const row of deployedRows) {
      const { variables } = lambdaOf(run(), row).environment as { variables: Readonly<Record<string, string>> };
      expect([row.id, variables.SST_FUNCTION_STREAMING]).toEqual([row.id, row.stream ? "true" : undefined]);
      expect(variables.SST_FUNCTION_ID).toBe(row.component);
    }
  });

  it("serves every function from the developer's machine and bundles none for AWS", () => {
    expect(
      run()
        .builds.map(({ functionId }) => functionId)
        .sort(),
    ).toEqual(deployedRows.map(({ component }) => component).sort());
    expect(run().builds.filter(({ live }) => !live)).toEqual([]);
  });
});
