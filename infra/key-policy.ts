import { encryptedTableActions, sealingConditions, throughDynamoDb } from "./permissions.ts";

/** The account that a key lives in. */
export interface KeyPlace {
  readonly app: string;
  readonly stage: string;
  readonly region: string;
  readonly accountId: string;
  readonly partition: string;
}

/** What administrators may do by their IAM policies. Using the key is not among it. */
const administration = [
  "kms:CancelKeyDeletion",
  "kms:CreateAlias",
  "kms:DeleteAlias",
  "kms:DescribeKey",
  "kms:DisableKey",
  "kms:DisableKeyRotation",
  "kms:EnableKey",
  "kms:EnableKeyRotation",
  "kms:GetKeyPolicy",
  "kms:GetKeyRotationStatus",
  "kms:ListAliases",
  "kms:ListGrants",
  "kms:ListKeyPolicies",
  "kms:ListKeyRotations",
  "kms:ListResourceTags",
  "kms:PutKeyPolicy",
  "kms:RetireGrant",
  "kms:RevokeGrant",
  "kms:RotateKeyOnDemand",
  "kms:ScheduleKeyDeletion",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:UpdateAlias",
  "kms:UpdateKeyDescription",
];

const toConditionBlock = (
  conditions: ReturnType<typeof sealingConditions>,
): Record<string, Record<string, string[]>> => {
  const block: Record<string, Record<string, string[]>> = {};
  for (const { test, variable, values } of conditions) block[test] = { ...block[test], [variable]: [...values] };
  return block;
};

/**
 * The key's own policy. It lets the account's IAM policies decide, yet only for three things: administration, sealing under
 * the gateway's encryption context, and DynamoDB acting for a caller. So not even `kms:*` in IAM opens a sealed value
 * without naming the context. In a key policy `*` means this key.
 */
export const keyPolicy = ({ app, stage, region, accountId, partition }: KeyPlace): string => {
  const account = { AWS: `arn:${partition}:iam::${accountId}:root` };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Sid: "Administration", Effect: "Allow", Principal: account, Action: administration, Resource: "*" },
      {
        Sid: "SealingUnderOurContext",
        Effect: "Allow",
        Principal: account,
        Action: ["kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
        Resource: "*",
        Condition: toConditionBlock(sealingConditions({ app, stage })),
      },
      {
        Sid: "TablesThroughDynamoDb",
        Effect: "Allow",
        Principal: account,
        Action: [...encryptedTableActions.read, ...encryptedTableActions.write],
        Resource: "*",
        Condition: toConditionBlock(throughDynamoDb(region)),
      },
      {
        // Whoever creates a table under this key: DynamoDB keeps a grant of its own for work in the background.
        Sid: "GrantsForDynamoDb",
        Effect: "Allow",
        Principal: account,
        Action: ["kms:CreateGrant"],
        Resource: "*",
        Condition: {
          ...toConditionBlock(throughDynamoDb(region)),
          Bool: { "kms:GrantIsForAWSResource": "true" },
        },
      },
    ],
  });
};
