/**
 * Who pays for a call: an API key, or, for an empty one, the session of this page. Undefined for endpoints that take a
 * session from any page of ours.
 */
export const callerOf = (
  apiKey: string | undefined,
): { readonly credentials: RequestCredentials; readonly headers: Readonly<Record<string, string>> } => {
  if (apiKey === undefined) return { credentials: "same-origin", headers: {} };
  if (apiKey === "") return { credentials: "same-origin", headers: { "x-concurred-page": "1" } };
  return { credentials: "omit", headers: { authorization: `Bearer ${apiKey}` } };
};
