const anthropicPrefix = "call_toolu_";
const gatewayPrefix = "call_";
/** Ids that providers count up in each answer are shorter than this. */
const uniqueLength = 12;

/**
 * The id of a call as clients of this dialect get it. Anthropic's own comes back as Anthropic made it; any other has only
 * characters that Anthropic takes, and is unique in the conversation, since a later turn may go to Anthropic.
 */
export const toMessagesToolId = (id: string, requestId: string): string => {
  if (id.startsWith(anthropicPrefix)) return id.slice(gatewayPrefix.length);
  const safe = id.replace(/[^a-zA-Z0-9_-]/g, "_");
  return safe.length >= uniqueLength
    ? safe
    : `${safe || "call"}_${requestId.replace(/[^a-zA-Z0-9]/g, "").slice(-uniqueLength)}`;
};
