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
metadata.addSubnet("fd00:ec2::", 32, "ipv6");
/** The same IPv4 network inside IPv6: compatible, mapped, translated, NAT64 and 6to4 addresses. */
for (const wrapped of ["::a9fe:0", "::ffff:a9fe:0", "::ffff:0:a9fe:0", "64:ff9b::a9fe:0"]) {
  metadata.addSubnet(wrapped, 112, "ipv6");
}
metadata.addSubnet("2002:a9fe::", 32, "ipv6");
/** NAT64 prefixes of a network's own, and Teredo: where an IPv4 address stands in them is not fixed, or it is masked. */
metadata.addSubnet("64:ff9b:1::", 48, "ipv6");
metadata.addSubnet("2001::", 32, "ipv6");

export const isNoMetadata = (address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && !metadata.check(address, family === 4 ? "ipv4" : "ipv6");
};

const refuse = (why: string): OutboundError =>
  Object.assign(new OutboundError("network", `The address cannot be used: ${why}`), { sent: false });

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, "");

const defaultPorts: Readonly<Record<string, string>> = { "https:": "443", "http:": "80" };

/** Whether a stage lists the host of a URL, with its port or for every port. A URL does not keep its scheme's default port. */
export const isListedHost = ({ hostname, port, protocol }: URL, listed: readonly string[]): boolean =>
  listed.includes(hostname) || listed.includes(`${hostname}:${port || defaultPorts[protocol]}`);

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
