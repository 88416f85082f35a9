import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { catchAll, type Route, routes } from "#core/routes.ts";
import { drawingFile, drawResources } from "#infra/commands/draw-resources.ts";
import { deployedRows, type Inputs, lambdaOf, ofType, theOne } from "#infra/mocked/stage-view.ts";
import { settingsOf } from "#infra/stage.ts";
import { missingPlatform, suiteName } from "./platform.ts";
import { holdStageGuarantees } from "./stage-guarantees.ts";

const { run } = holdStageGuarantees({ stage: "production" });

describe.skipIf(missingPlatform !== undefined)(suiteName("production only"), () => {
  it("outlives a removal: the stack is protected, tables refuse deletion, tables and key are kept", () => {
    expect(run().app).toMatchObject({ removal: "retain", protect: true });
    const keeping = [...ofType(run(), "aws:dynamodb/table:Table"), ...ofType(run(), "aws:kms/key:Key")];
    expect(keeping).toHaveLength(7);
    expect(keeping.filter(({ retainOnDelete }) => !retainOnDelete)).toEqual([]);
    expect(theOne(run(), "aws:kms/key:Key", "EncryptionKey")).toMatchObject({ deletionWindowInDays: 30 });
  });

  it("reserves concurrency by class, so that streams cannot starve sign-in and health", () => {
    const reserved = settingsOf("production").reservedConcurrency;
    const classes = new Map((routes as readonly Route[]).concat(catchAll).map((row) => [row.id, row.concurrency]));
    for (const row of deployedRows) {
      const kind = classes.get(row.id);
      const scheduled = "trigger" in row && "schedule" in (row.trigger as object);
      const expected = kind === undefined ? (scheduled ? 1 : reserved.background) : reserved[kind];
      expect([row.id, lambdaOf(run(), row).reservedConcurrentExecutions]).toEqual([row.id, expected]);
    }
    const health = deployedRows.find(({ id }) => id === "Health");
    expect(health && lambdaOf(run(), health).reservedConcurrentExecutions).toBeGreaterThan(0);
  });

  it("has a firewall that limits public paths by address, and only counts the rules that prompts would break", () => {
    const { rules, scope } = theOne(run(), "aws:wafv2/webAcl:WebAcl", "Firewall");
    expect(scope).toBe("REGIONAL");
    const byName = new Map((rules as readonly Inputs[]).map((rule) => [rule.name, rule]));
    expect(byName.get("rate-health")).toMatchObject({
      action: { block: { customResponse: { responseCode: 429 } } },
      statement: { rateBasedStatement: { limit: 120, evaluationWindowSec: 60, aggregateKeyType: "IP" } },
    });
    expect(JSON.stringify(byName.get("rate-auth"))).toContain("/api/auth/");
    const { statement } = byName.get("rate-all") as { statement: { rateBasedStatement: Inputs } };
    expect(statement.rateBasedStatement).toEqual({ limit: 6_000, evaluationWindowSec: 60, aggregateKeyType: "IP" });
    expect(byName.get("aws-common")).toMatchObject({ overrideAction: { count: {} } });
    const [association] = ofType(run(), "aws:wafv2/webAclAssociation:WebAclAssociation");
    expect(String(association?.inputs.resourceArn)).toContain("ApiStage");
  });

  it("is drawn in docs/operations/resources.md as it is (npm run operator -- draw-resources writes it)", async () => {
    expect(await readFile(drawingFile, "utf8")).toBe(drawResources(run()));
  });
});
