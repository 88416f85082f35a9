import { accountArn } from "#core/aws/account.ts";
import { GatewayError } from "#core/errors.ts";

/** A role's ARN, with the path that it may have: partition and account are all that matters here. */
const roleForm = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(?:[\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/;
const maxArnLength = 600;

const accountForm = /^arn:(aws[a-z-]*):iam::(\d{12}):root$/;

const refuse = (message: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param: "roleArn" });

/**
 * A role that may be assumed for a caller: one of another account. A role of our own would be reached with the trust that it
 * has in us, and not with a caller's right. @throws GatewayError BAD_REQUEST
 */
export const requireForeignRole = (roleArn: string): void => {
  const [, partition, account] = (roleArn.length <= maxArnLength ? roleForm.exec(roleArn) : null) ?? [];
  if (partition === undefined || account === undefined) {
    throw refuse("roleArn must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/bedrock.");
  }
  const [, ownPartition, ownAccount] = accountForm.exec(accountArn()) ?? [];
  if (ownAccount === undefined) throw new Error("The account's own ARN is not one of a root");
  if (partition !== ownPartition) {
    throw refuse(`roleArn is a role of the partition ${partition}; this gateway reaches only ${ownPartition}.`);
  }
  if (account === ownAccount) throw refuse("roleArn is a role of the gateway's own account, which is never assumed.");
};
