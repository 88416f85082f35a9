import { describe, expect, it } from "vitest";
import { ofType } from "#infra/mocked/stage-view.ts";
import { missingPlatform, suiteName } from "./platform.ts";
import { holdStageGuarantees } from "./stage-guarantees.ts";

const { run } = holdStageGuarantees({ stage: "dev" });

describe.skipIf(missingPlatform !== undefined)(suiteName("a developer's own stage"), () => {
  it("costs nothing while idle: no firewall and no reservation that another stage would miss", () => {
    expect(ofType(run(), "aws:wafv2/webAcl:WebAcl")).toEqual([]);
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
