import { config, given, resourceText } from "#core/config.ts";

/** The account that the stage runs in, and its Security Token Service: for few functions, so apart from the configuration of all. */

/** `arn:aws:iam::<account>:root`: whom a caller's role trusts. */
export const accountArn = (): string => resourceText("Account", "arn");

export const stsEndpoint = (): string =>
  given("AWS_ENDPOINT_URL_STS") ?? `https://sts.${config.region()}.amazonaws.com`;
