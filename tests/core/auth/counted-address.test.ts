import { describe, expect, it } from "vitest";
import { countedAddress } from "#core/auth/counted-address.ts";
import { fc } from "#tests/support/property.ts";

describe("countedAddress", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["unknown", "unknown"],
    ["", ""],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:cb00:7107", "203.0.113.7"],
    ["64:ff9b::203.0.113.7", "64:ff9b:0:0::/64"],
  ])("counts %s as %s", (address, counted) => {
    expect(countedAddress(address)).toBe(counted);
  });

  const groups = (count: number) =>
    fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: count, maxLength: count });
  const text = (all: readonly number[]): string => all.map((group) => group.toString(16)).join(":");

  it("counts every address of a /64 as one, and of another /64 as another", () => {
    fc.assert(
      fc.property(groups(4), groups(4), groups(4), groups(4), (network, other, host, another) => {
        // Mapped IPv4 addresses are in one /64 of their own.
        fc.pre(network.some((group) => group !== 0) && other.some((group) => group !== 0));
        const one = countedAddress(text([...network, ...host]));
        expect(countedAddress(text([...network, ...another]).toUpperCase())).toBe(one);
        expect(countedAddress(text([...other, ...host])) === one).toBe(text(other) === text(network));
      }),
    );
  });
});
