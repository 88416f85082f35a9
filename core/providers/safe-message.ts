const maxMessageCharacters = 500;

/**
 * Provider keys have these forms (fal's is an id and a secret, MiniMax's a web token); a provider that quotes one in its
 * message must not pass it on through us.
 */
const secretShapes =
  /\b(?:pk|rk|key|Bearer)[-_ ][\w*.-]{6,}|(?<![a-z0-9])(?:(?:sk|xai|gsk|fa)[-_][\w*.-]{6,}|AIza[\w-]{10,}|eyJ[\w.-]{10,}|[0-9a-f-]{36}:[0-9a-f]{16,})|\bsk [\w*.-]{6,}/gi;

const redacted = "[redacted]";

/** A provider's message as a caller may see it: short and without anything that looks like a key. */
export const safeMessage = (message: string): string =>
  message.slice(0, maxMessageCharacters).replace(secretShapes, redacted);

/** Shorter ones, such as the `none` of a server without keys, are words. */
const minKeyCharacters = 8;

/** The end of a text that is the beginning of a key: where a message was cut short. */
const cutKey = (text: string, apiKey: string): number => {
  for (let length = Math.min(apiKey.length - 1, text.length); length >= minKeyCharacters; length -= 1) {
    if (text.endsWith(apiKey.slice(0, length))) return length;
  }
  return 0;
};

/** A text without the very key that a provider was asked with, whatever the key looks like. */
export const withoutKey = (text: string, apiKey: string): string => {
  if (apiKey.length < minKeyCharacters) return text;
  const kept = text.replaceAll(apiKey, redacted);
  const cut = cutKey(kept, apiKey);
  return cut === 0 ? kept : kept.slice(0, -cut) + redacted;
};
