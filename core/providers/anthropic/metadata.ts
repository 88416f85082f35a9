import { createHash } from "node:crypto";
import type { MessageCreateParams } from "@anthropic-ai/sdk/resources/messages";
import type { ChatRequest } from "#core/schemas/chat.ts";

/** Anthropic's limit on `metadata.user_id`. */
const maxCharacters = 256;

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** Seven digits or more with nothing but what separates them in a phone number. */
const phoneNumber = /\d(?:[\s().+/-]*\d){6,}/;

/**
 * Whether an id names nobody by itself. Letters alone may be a name, and digits alone a phone number, so that only ids
 * with both, or a UUID, count.
 */
const isOpaque = (id: string): boolean => {
  if (id.length > maxCharacters) return false;
  return uuid.test(id) || (/^[\w.:=+/-]+$/.test(id) && /[A-Za-z_]/.test(id) && /\d/.test(id) && !phoneNumber.test(id));
};

/** The same stand-in for the same user, and another for another. */
const standIn = (id: string): string =>
  `user_${createHash("sha256").update(`concurred/anthropic-user/${id}`).digest("base64url")}`;

/**
 * The caller's id of its user as `metadata.user_id`. Anthropic wants an opaque one and refuses addresses and phone numbers,
 * which chat front ends put there: those leave as a hash, with a warning.
 */
export const toMetadata = (request: ChatRequest, warnings: Set<string>): Pick<MessageCreateParams, "metadata"> => {
  const name = (["user", "safety_identifier"] as const).find((each) => {
    const id = request[each];
    return typeof id === "string" && id.trim() !== "";
  });
  if (name === undefined) return {};
  const id = String(request[name]);
  if (isOpaque(id)) return { metadata: { user_id: id } };
  warnings.add(name);
  return { metadata: { user_id: standIn(id) } };
};
