import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isTaken, licenceProblems } from "#infra/commands/check-licences.ts";

const root = join(import.meta.dirname, "../../..");
const lockOf = (packages: Readonly<Record<string, object>>): string =>
  JSON.stringify({ packages: { "": {}, ...packages } });

describe("licences", () => {
  it("of every package in the lock file are ones that we take", () => {
    expect(licenceProblems(readFileSync(join(root, "package-lock.json"), "utf8"))).toEqual([]);
  });

  it("of a deployed package must be permissive, of a tool may be MPL", () => {
    const lock = lockOf({
      "node_modules/a": { version: "1.0.0", license: "MPL-2.0" },
      "node_modules/b": { version: "1.0.0", license: "MPL-2.0", dev: true },
      "node_modules/c/node_modules/d": { version: "2.0.0", license: "GPL-3.0-or-later", dev: true },
    });
    expect(licenceProblems(lock).map(({ name, licence }) => `${name} ${licence}`)).toEqual([
      "a@1.0.0 MPL-2.0",
      "d@2.0.0 GPL-3.0-or-later",
    ]);
  });

  it("that are not told are a problem", () => {
    expect(licenceProblems(lockOf({ "node_modules/a": { version: "1.0.0" } }))).toMatchObject([{ licence: "none" }]);
  });

  it("are read as SPDX writes them", () => {
    const taken = new Set(["MIT", "ISC"]);
    expect(isTaken("(MIT OR GPL-3.0-or-later)", taken)).toBe(true);
    expect(isTaken("MIT AND GPL-3.0-or-later", taken)).toBe(false);
    expect(isTaken("MIT AND (ISC OR GPL-3.0-or-later)", taken)).toBe(true);
    expect(isTaken("(MIT AND ISC) OR GPL-3.0-or-later", taken)).toBe(true);
  });
});
