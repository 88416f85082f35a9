import { config } from "#core/config.ts";
import { GatewayError } from "#core/errors.ts";
import { isListedHost } from "#core/outbound/guarded-agent.ts";
import { webUrlProblem } from "#core/outbound/web-url.ts";

const refuse = (why: string): GatewayError =>
  new GatewayError("BAD_REQUEST", `The base URL cannot be used: ${why}.`, { param: "baseUrl" });

/**
 * The base URL of a custom provider, without slashes at its end. Each connection to it is guarded again, since a name may
 * resolve differently by then. @throws GatewayError BAD_REQUEST for an address that is not public and https
 */
export const checkBaseUrl = (text: string): string => {
  const url = URL.parse(text);
  if (url === null) throw refuse("it is not a URL");
  const { protocol, username, password, search, hash, origin, pathname } = url;
  if (search !== "" || text.includes("?")) throw refuse("it has a query; an api-version goes into apiVersion");
  if (hash !== "" || text.includes("#")) throw refuse("it has a fragment");
  const isListed = isListedHost(url, config.customHosts()) && /^https?:$/.test(protocol);
  if (username !== "" || password !== "") throw refuse("it contains a user name or password");
  const problem = isListed ? undefined : webUrlProblem(text, "https");
  if (problem !== undefined) throw refuse(problem);
  return `${origin}${pathname}`.replace(/\/+$/, "");
};
