import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const text = readFileSync(join(root, "SECURITY.md"), "utf8");
const named = [...text.matchAll(/`(tests\/[\w./-]+)`/g)].map(([, path = ""]) => path);

it("every test that the threat model names is there", () => {
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it("every attack is in the threat model", () => {
  const attacks = readdirSync(join(root, "tests/attacks")).filter((file) => file.endsWith(".test.ts"));
  const missing = attacks.filter((file) => file !== "threat-model.test.ts" && !named.includes(`tests/attacks/${file}`));
  expect(missing).toEqual([]);
});

it("every threat has a defence and a test", () => {
  const rows =
    text
      .split("### Threats")[1]
      ?.split("\n")
      .filter((line) => line.startsWith("| "))
      .slice(1) ?? [];
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) {
    const [, threat, defence, tests] = row.split(" | ").length === 3 ? ["", ...row.slice(2).split(" | ")] : [];
    expect([row, threat, defence, tests].every((cell) => cell !== undefined && cell !== "")).toBe(true);
    expect(tests).toMatch(/`tests\//);
  }
});
