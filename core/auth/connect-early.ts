import { config } from "#core/config.ts";
import { connectEarly } from "#core/outbound/post.ts";

/**
 * Opens the connections of round 1, to Unkey and DynamoDB, while Lambda starts the environment: their handshakes run while
 * nobody waits yet. Outside Lambda it does nothing: whatever imports a function there may never call it.
 * @throws Error in one sentence for a bad setting
 */
export const connectBeforeFirstKey = (): void => {
  if (!config.isLambda()) return;
  connectEarly(config.unkeyUrl());
  connectEarly(config.dynamoDbEndpoint());
};
