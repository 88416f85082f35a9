/** The account that the local cloud is. */
export const localAccountId = "000000000000";
/** Whom a role trusts that lets the gateway assume it. */
export const localAccountArn = `arn:aws:iam::${localAccountId}:root`;
