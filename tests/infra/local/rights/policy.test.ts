import { describe, expect, it } from "vitest";
import { allows, compilePolicy, type PolicyDocument } from "#infra/local/rights/policy.ts";

const document: PolicyDocument = {
  Statement: [
    { Effect: "Allow", Action: ["dynamodb:GetItem"], Resource: "table/keys" },
    {
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: ["key"],
      Condition: {
        StringEquals: { "kms:EncryptionContext:stage": "blue" },
        "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["stage", "user"] },
      },
    },
    { Effect: "Allow", Action: "logs:PutLogEvents", Resource: "log/*:stream" },
    { Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" },
    { Effect: "Deny", Action: "sqs:SendMessage", Resource: "secret-queue" },
  ],
};
const policy = compilePolicy(document);
const may = (action: string, resource: string, context = {}): boolean => allows(policy, { action, resource, context });

describe("a policy", () => {
  it("allows exactly what it names: neither another action, nor another resource, nor an index of it", () => {
    expect(may("dynamodb:GetItem", "table/keys")).toBe(true);
    expect(may("dynamodb:PutItem", "table/keys")).toBe(false);
    expect(may("dynamodb:GetItem", "table/usage")).toBe(false);
    expect(may("dynamodb:GetItem", "table/keys/index/open")).toBe(false);
  });

  it("reads `*` as any text, and every other character as itself", () => {
    expect(may("logs:PutLogEvents", "log/a/b:stream")).toBe(true);
    expect(may("logs:PutLogEvents", "logs/a:stream")).toBe(false);
  });

  it("lets a denial win over any allowance", () => {
    expect(may("sqs:SendMessage", "queue")).toBe(true);
    expect(may("sqs:SendMessage", "secret-queue")).toBe(false);
  });

  it("demands a value of StringEquals, and of ForAllValues only that nothing else is there", () => {
    const context = { "kms:EncryptionContext:stage": "blue", "kms:EncryptionContextKeys": ["stage"] };
    expect(may("kms:Decrypt", "key", context)).toBe(true);
    expect(may("kms:Decrypt", "key", { ...context, "kms:EncryptionContext:stage": "green" })).toBe(false);
    expect(may("kms:Decrypt", "key", { "kms:EncryptionContextKeys": ["user"] })).toBe(false);
    expect(may("kms:Decrypt", "key", { ...context, "kms:EncryptionContextKeys": ["stage", "other"] })).toBe(false);
    expect(may("kms:Decrypt", "key", { "kms:EncryptionContext:stage": "blue" })).toBe(true);
  });

  it("is refused with a condition that nobody evaluates, instead of passing as true", () => {
    const unknown = {
      Effect: "Allow",
      Action: "a:B",
      Resource: "*",
      Condition: { IpAddress: { "aws:SourceIp": "::1" } },
    };
    expect(() => compilePolicy({ Statement: [unknown] })).toThrow("IpAddress");
  });
});
