import { describe, expect, it } from "vitest";
import { encryptionContext } from "#core/encryption/data-key.ts";
import { backgroundFunctions, type Grant, routes } from "#core/routes.ts";
import { keyPolicy } from "#infra/key-policy.ts";
import { encryptionContextNames, type Resources, statementsOf } from "#infra/permissions.ts";

const resources: Resources<string> = {
  app: "concurred",
  stage: "test",
  region: "eu-west-1",
  keyArn: "key",
  rolesArn: (account) => `roles of ${account}`,
  tableArn: (table) => table,
  indexArn: (table, index) => `${table}/index/${index}`,
  bedrock: [],
};

const allow = (...grants: Grant[]) => statementsOf(grants, resources);
const throughDynamoDb = [
  { test: "StringEquals", variable: "kms:ViaService", values: ["dynamodb.eu-west-1.amazonaws.com"] },
];

describe("grants become IAM statements", () => {
  it("a reader may read, and may have the table's key used for reading alone", () => {
    expect(allow("keys:GetItem")).toEqual([
      { actions: ["dynamodb:GetItem"], resources: ["keys"], conditions: [] },
      { actions: ["kms:Decrypt", "kms:DescribeKey"], resources: ["key"], conditions: throughDynamoDb },
    ]);
  });

  it("a query of an index reaches that index by name, and not the table", () => {
    const [table, index] = allow("usage:Query/open", "usage:UpdateItem");
    expect(table).toMatchObject({ actions: ["dynamodb:UpdateItem"], resources: ["usage"] });
    expect(index).toEqual({ actions: ["dynamodb:Query"], resources: ["usage/index/open"], conditions: [] });
    expect(allow("usage:Query")[0]).toMatchObject({ actions: ["dynamodb:Query"], resources: ["usage"] });
  });

  it("an index that the table does not have is refused before anything is deployed", () => {
    expect(() => allow("usage:Query/due")).toThrow("The table usage has no index due");
  });

  it("sealing is allowed under the app's and the stage's name and no unknown one", () => {
    expect(allow("kms:GenerateDataKey")).toEqual([
      {
        actions: ["kms:GenerateDataKey"],
        resources: ["key"],
        conditions: [
          { test: "StringEquals", variable: "kms:EncryptionContext:app", values: ["concurred"] },
          { test: "StringEquals", variable: "kms:EncryptionContext:stage", values: ["test"] },
          {
            test: "ForAllValues:StringEquals",
            variable: "kms:EncryptionContextKeys",
            values: ["app", "stage", "purpose", "userId", "id"],
          },
        ],
      },
    ]);
  });

  it("describing the key, or a table, opens nothing", () => {
    expect(allow("kms:DescribeKey", "keys:DescribeTable")).toEqual([
      { actions: ["kms:DescribeKey"], resources: ["key"], conditions: [] },
      { actions: ["dynamodb:DescribeTable"], resources: ["keys"], conditions: [] },
    ]);
  });

  it("roles of other accounts may be assumed, and none of the own one, whomever it trusts", () => {
    expect(allow("sts:AssumeRole")).toEqual([
      { actions: ["sts:AssumeRole"], resources: ["roles of *"], conditions: [] },
      { effect: "deny", actions: ["sts:AssumeRole"], resources: ["roles of own"], conditions: [] },
    ]);
  });

  it("secrets are links and give no permission", () => {
    expect(allow("secret:UnkeyRootKey")).toEqual([]);
  });

  it("every action is one that IAM knows: a re-encryption is named by its parts", () => {
    const known = new Set([
      ...["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "BatchGetItem", "BatchWriteItem", "Scan"],
      "DescribeTable",
    ]);
    const rows: readonly { readonly grants: readonly Grant[] }[] = [...routes, ...backgroundFunctions];
    const actions = rows.flatMap(({ grants }) => statementsOf(grants, resources)).flatMap((each) => each.actions);
    const unknown = actions.filter((action) => action.startsWith("dynamodb:") && !known.has(action.slice(9)));
    expect(unknown).toEqual([]);
    expect(allow("kms:ReEncrypt")[0]?.actions).toEqual(["kms:ReEncryptFrom", "kms:ReEncryptTo"]);
  });
});

describe("the encryption context", () => {
  it("has the names that IAM demands: what core/encryption sends is what the roles allow", () => {
    const sent = encryptionContext({ purpose: "provider-key", userId: "user", id: "id" });
    expect(Object.keys(sent).sort()).toEqual([...encryptionContextNames].sort());
  });
});

describe("the key's own policy", () => {
  const policy = JSON.parse(
    keyPolicy({ app: "concurred", stage: "test", region: "eu-west-1", accountId: "1", partition: "aws" }),
  );

  it("separates administration from use, and allows neither everything nor everyone", () => {
    const [administration, ...uses] = policy.Statement;
    expect(
      administration.Action.filter((action: string) => /Decrypt|Encrypt|DataKey|CreateGrant|\*/.test(action)),
    ).toEqual([]);
    for (const use of uses) expect(Object.keys(use.Condition).length).toBeGreaterThan(0);
    for (const { Principal } of policy.Statement) expect(Principal).toEqual({ AWS: "arn:aws:iam::1:root" });
  });

  it("can still be changed by the account's administrators: a key that nobody can administer is lost", () => {
    expect(policy.Statement[0].Action).toContain("kms:PutKeyPolicy");
  });
});
