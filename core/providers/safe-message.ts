const maxMessageCharacters = 500;

/**
 * Provider keys have these forms (fal's is an id and a secret, MiniMax's a web token); a provider that quotes one in its
 * message must not pass it on through us.
 */
const secretShapes =
  /\b(?:pk|rk|key|Bearer)[-_ ][\w*.-]{6,}|(?<![a-z0-9])(?:(?:sk|xai|gsk|fa)[-_][\w*.-]{6,}|AIza[\w-]{10,}|eyJ[\w.-]{10,}|[0-9a-f-]{36}:[0-9a-f]{16,})|\bsk [\w*.-]{6,}/gi;

/** A provider's message as a caller may see it: short and without anything that looks like a key. */
export const safeMessage = (message: string): string =>
  message.slice(0, maxMessageCharacters).replace(secretShapes, "[redacted]");
