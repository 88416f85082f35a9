import { describe, expect, it } from "vitest";
import { ofType } from "#infra/mocked/stage-view.ts";
import { missingPlatform, suiteName } from "./platform.ts";
import { holdStageGuarantees } from "./stage-guarantees.ts";

const { run } = holdStageGuarantees({ stage: "dev" });

describe.skipIf(missingPlatform !== undefined)(suiteName("a developer's own stage"), () => {
  it("costs nothing while idle but its key: no firewall, dashboard, alarm or schedule, and no reservation", () => {
    expect(ofType(run(), "aws:wafv2/webAcl:WebAcl")).toEqual([]);
    expect(ofType(run(), "aws:cloudformation/stack:Stack")).toEqual([]);
    for (const { inputs } of ofType(run(), "aws:scheduler/schedule:Schedule")) expect(inputs.state).toBe("DISABLED");
    const reserved = ofType(run(), "aws:lambda/function:Function").filter(
      ({ inputs }) => inputs.reservedConcurrentExecutions !== undefined,
    );
    expect(reserved).toEqual([]);
  });

  it("goes away whole", () => {
    expect(run().app).toMatchObject({ removal: "remove", protect: false });
    expect(run().resources.filter(({ type, retainOnDelete }) => retainOnDelete && /dynamodb|kms/.test(type))).toEqual(
      [],
    );
  });
});
