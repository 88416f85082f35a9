import type { Agent as HttpAgent } from "node:http";
import { BlockList, isIP } from "node:net";
import { guardedLookup } from "./guarded-lookup.ts";
import { isPublicAddress } from "./public-address.ts";
import { newAgent, OutboundError } from "./transport.ts";

/**
 * Connections to addresses that callers store. A name is resolved inside the connection, so the addresses that are checked
 * are those that are connected to, whatever the name's server says the next time.
 */

/** The cloud's own services for what runs in it: credentials and metadata. Never a provider, whatever a stage lists. */
const metadata = new BlockList();
metadata.addSubnet("169.254.0.0", 16, "ipv4");
metadata.addSubnet("fe80::", 10, "ipv6");
metadata.addAddress("fd00:ec2::254", "ipv6");
metadata.addAddress("fd00:ec2::23", "ipv6");

export const isNoMetadata = (address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && !metadata.check(address, family === 4 ? "ipv4" : "ipv6");
};

const refuse = (why: string): OutboundError =>
  Object.assign(new OutboundError("network", `The address cannot be used: ${why}`), { sent: false });

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, "");

/** Whether a stage lists the host of a URL, with its port or for every port. */
export const isListedHost = (url: URL, listed: readonly string[]): boolean =>
  listed.includes(url.host) || listed.includes(url.hostname);

const agents = new Map<string, HttpAgent>();

const agentFor = (secure: boolean, isListed: boolean): HttpAgent => {
  const name = `${secure}/${isListed}`;
  const known = agents.get(name);
  if (known !== undefined) return known;
  const agent = newAgent(secure, { lookup: guardedLookup(isListed ? isNoMetadata : isPublicAddress) });
  agents.set(name, agent);
  return agent;
};

/**
 * The agent that connects to a URL: https to public addresses only. Hosts that the stage lists may be private, and http.
 * @throws OutboundError of kind network for any other
 */
export const guardedAgent = (address: string, listed: readonly string[]): HttpAgent => {
  const url = new URL(address);
  const isListed = isListedHost(url, listed);
  const secure = url.protocol === "https:";
  if (!secure && !isListed) throw refuse("it is not https");
  const host = hostOf(url);
  // A literal address is connected to without any look-up.
  if (isIP(host) !== 0 && !(isListed ? isNoMetadata : isPublicAddress)(host)) throw refuse("it is not public");
  return agentFor(secure, isListed);
};
