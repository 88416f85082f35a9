import { describe, expect, it } from "vitest";
import { safeNext } from "#core/auth/next-path.ts";

/** What a browser makes of hostile paths is in tests/accounts/sign-in-flows.test.ts. */
describe("safeNext", () => {
  it.each(["/", "/dashboard", "/a/b-c_d.e~f%20g", "/dashboard/usage?from=2026-11-01&to=2026-11-20+1#day"])(
    "keeps %s",
    (path) => {
      expect(safeNext(path)).toBe(path);
    },
  );

  it.each([
    undefined,
    "",
    "dashboard",
    "x/dashboard",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "/dashboard\\evil.example",
    "\\/evil.example",
    "/dashboard:80",
    "/dashboard evil",
    "/dashboard\n",
    "https://evil.example/",
  ])("leads to the dashboard instead of to %j", (path) => {
    expect(safeNext(path)).toBe("/dashboard");
  });

  it("keeps at most 500 characters: what is longer is no path of ours", () => {
    expect(safeNext(`/${"a".repeat(499)}`)).toHaveLength(500);
    expect(safeNext(`/${"a".repeat(500)}`)).toBe("/dashboard");
  });
});
