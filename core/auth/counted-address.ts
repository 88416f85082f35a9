import { isIPv6 } from "node:net";

const groupCount = 8;
/** Groups of 16 bits that name the network of a customer: a /64, in which one host may take any address. */
const networkGroups = 4;

/** The groups of an IPv6 address, `::` filled in, an IPv4 part as two groups. The address is one. */
const groupsOf = (address: string): readonly number[] => {
  const [bare = ""] = address.split("%");
  const hexOnly = bare.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(":"),
  );
  const [head = "", tail] = hexOnly.split("::");
  const parse = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [before, after] = [parse(head), parse(tail ?? "")];
  const gap = tail === undefined ? 0 : groupCount - before.length - after.length;
  return [...before, ...Array.from({ length: gap }, () => 0), ...after];
};

/** An IPv4 address that stands in an IPv6 one (`::ffff:192.0.2.1`). */
const mappedIpv4 = (groups: readonly number[]): string | undefined => {
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join(".") : undefined;
};

/**
 * What a limit by address counts: an IPv4 address, or the /64 of an IPv6 address, because one customer holds all of a /64.
 * Every spelling of an address counts as the same one.
 */
export const countedAddress = (address: string): string => {
  if (!isIPv6(address)) return address;
  const groups = groupsOf(address);
  return (
    mappedIpv4(groups) ??
    `${groups
      .slice(0, networkGroups)
      .map((group) => group.toString(16))
      .join(":")}::/64`
  );
};
