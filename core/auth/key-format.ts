import { GatewayError } from "#core/errors.ts";

/**
 * Reads the caller's API key from the two documented headers and refuses what cannot be one, without asking anybody:
 * the prefix, Unkey's base58 alphabet, and a length around its default of 16 bytes.
 */

const keyPattern = /^ck_[1-9A-HJ-NP-Za-km-z]{16,128}$/;
const bearerPattern = /^Bearer +(\S+) *$/i;

/** Whether a text has the form of an API key. */
export const looksLikeKey = (text: string): boolean => keyPattern.test(text);

export const invalidApiKey = (): GatewayError =>
  new GatewayError("INVALID_API_KEY", "The API key is invalid. Create one in the dashboard under Keys.");

const unauthorized = (): GatewayError =>
  new GatewayError("UNAUTHORIZED", "Send an API key as `Authorization: Bearer ck_…` or `X-API-Key: ck_…`.", {
    headers: { "www-authenticate": "Bearer" },
  });

/** The key sent with a request, or undefined when neither header is there. */
export const findKey = (headers: Readonly<Record<string, string | undefined>>): string | undefined => {
  const authorization = headers.authorization;
  const apiKey = headers["x-api-key"]?.trim();
  let bearer: string | undefined;
  if (authorization !== undefined) {
    bearer = bearerPattern.exec(authorization)?.[1];
    if (bearer === undefined && apiKey === undefined) throw unauthorized();
  }
  if (bearer !== undefined && apiKey !== undefined && apiKey !== bearer) {
    throw new GatewayError(
      "BAD_REQUEST",
      "Authorization and X-API-Key contain different keys. Send only one of them.",
      {
        param: "X-API-Key",
      },
    );
  }
  return bearer ?? apiKey;
};

/**
 * The key sent with a request.
 * @throws GatewayError UNAUTHORIZED without one, BAD_REQUEST with two, INVALID_API_KEY when it cannot be a key.
 */
export const requireKey = (headers: Readonly<Record<string, string | undefined>>): string => {
  const key = findKey(headers);
  if (key === undefined || key === "") throw unauthorized();
  if (!looksLikeKey(key)) throw invalidApiKey();
  return key;
};
