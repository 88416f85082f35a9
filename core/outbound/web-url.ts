import { isIP } from "node:net";
import { isPublicAddress } from "./public-address.ts";

/**
 * Guards the URLs that callers hand in. The provider fetches them, so a name is not resolved here: what it resolves to for
 * the provider is the provider's network, not ours, and what it resolved to for us could be another address a moment later
 * (DNS rebinding). Where we connect ourselves (an image for Google, a webhook), the connection's own look-up is guarded.
 */

const maxUrlCharacters = 2_048;

/** Names that never lead to the public internet. */
const localName = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|test|invalid|example\.local)$/;

const hostProblem = (url: URL): string | undefined => {
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (isIP(host) !== 0) return isPublicAddress(host) ? undefined : "its address is not public";
  // The URL parser has turned every spelling of an IPv4 address (hexadecimal, octal, one number) into the usual one.
  if (!host.includes(".") || localName.test(host)) return "its host is not public";
  return undefined;
};

/** Why a web address may not be used, or undefined. `https` allows no other scheme. */
export const webUrlProblem = (
  text: string,
  scheme: "http" | "https" = "http",
  maxCharacters = maxUrlCharacters,
): string | undefined => {
  if (text.length > maxCharacters) return `it is longer than ${maxCharacters} characters`;
  const url = URL.parse(text);
  if (url === null) return "it is not a URL";
  if (url.protocol !== "https:" && (scheme === "https" || url.protocol !== "http:")) {
    return scheme === "https" ? "it is not https" : "it is neither http(s) nor a data: URL";
  }
  if (url.username !== "" || url.password !== "") return "it contains a user name or password";
  return hostProblem(url);
};
