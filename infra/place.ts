/** Where this deployment goes: names and numbers that ARNs are made of. Values are known once AWS was asked. */
export const placeOfDeployment = () => ({
  app: $app.name,
  stage: $app.stage,
  region: aws.getRegionOutput().region,
  accountId: aws.getCallerIdentityOutput().accountId,
  partition: aws.getPartitionOutput().partition,
});

/** Whom a role trusts that lets the stage assume it, for functions that have to know. */
export const createAccountLink = ({ accountId, partition }: Place) =>
  new sst.Linkable("Account", { properties: { arn: $interpolate`arn:${partition}:iam::${accountId}:root` } });

export type Place = ReturnType<typeof placeOfDeployment>;
