/** Where this deployment goes: names and numbers that ARNs are made of. Values are known once AWS was asked. */
export const placeOfDeployment = () => ({
  app: $app.name,
  stage: $app.stage,
  region: aws.getRegionOutput().region,
  accountId: aws.getCallerIdentityOutput().accountId,
  partition: aws.getPartitionOutput().partition,
});

export type Place = ReturnType<typeof placeOfDeployment>;
