import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cycles, forbiddenImports, roomOf, strayWriters, upwardRows } from "#infra/layout/check-layout.ts";
import { type FileImport, importsOf, readImports } from "#infra/layout/imports.ts";
import { withMap } from "#infra/layout/map.ts";
import { type Room, rooms, rowKeyUsers } from "#infra/layout/rooms.ts";

/** Dependencies point one way: the table of rooms is held against every import of the tree. */

const files = execFileSync("git", ["ls-files", "core", "functions", "infra"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => /\.tsx?$/.test(file));
const imports = readImports(".", files);
const source = files.map((file) => ({ file, text: readFileSync(file, "utf8") }));

describe("the table of rooms", () => {
  it("runs from bottom to top, and has a row for every file of core and functions", () => {
    expect(upwardRows(rooms)).toEqual([]);
    expect(files.filter((file) => roomOf(rooms, file) === undefined)).toEqual([]);
  });

  it("allows no import that the tree does not have", () => {
    const used = new Set(imports.map(({ from, to }) => `${roomOf(rooms, from)?.path} ${roomOf(rooms, to)?.path}`));
    const byName = new Map(rooms.map((room) => [room.path.replace(/^core\//, "").replace(/\.ts$/, ""), room.path]));
    const ground = new Set(
      rooms
        .slice(
          0,
          rooms.findIndex(({ path }) => path === "core/observability"),
        )
        .map(({ path }) => path),
    );
    const unused = rooms.flatMap(({ path, imports: allowed }) =>
      allowed
        .map((name) => byName.get(name))
        .filter((target) => target !== undefined && !ground.has(target) && !used.has(`${path} ${target}`))
        .map((target) => `${path} allows ${target}`),
    );
    expect(unused.filter((text) => !text.startsWith("tests"))).toEqual([]);
  });

  it("is the map in AGENTS.md (npm run operator -- write-map)", () => {
    const document = readFileSync("AGENTS.md", "utf8");
    expect(document).toBe(withMap(document, rooms));
  });
});

describe("the tree", () => {
  it("has no import that its room's row forbids", () => {
    expect(forbiddenImports(rooms, imports)).toEqual([]);
  });

  it("has no cycle of files", () => {
    expect(cycles(imports)).toEqual([]);
  });

  it("writes admission and usage rows in the generation room alone, but for the files listed by name", () => {
    expect(strayWriters(imports)).toEqual([]);
    const naming = source.filter(({ text }) => /rowKeys\.(admission|usageEvent)\b/.test(text)).map(({ file }) => file);
    const listed = Object.keys(rowKeyUsers);
    expect(naming.filter((file) => !listed.includes(file))).toEqual([]);
  });
});

describe("the check sees", () => {
  const table: readonly Room[] = [
    { path: "core/low", contents: "", imports: [] },
    { path: "core/high", contents: "", imports: ["low"] },
  ];
  const between = (from: string, to: string, ...names: readonly string[]): FileImport => ({ from, to, names });

  it("an upward import, of a type as well", () => {
    const planted = importsOf("core/low/a.ts", 'import type { B } from "#core/high/b.ts";\n');
    expect(forbiddenImports(table, planted)).toEqual(["core/low/a.ts imports core/high/b.ts: low may not import high"]);
    expect(forbiddenImports(table, importsOf("core/low/a.ts", 'const b = import("#core/high/b.ts");'))).toHaveLength(1);
    expect(forbiddenImports(table, importsOf("core/high/b.ts", 'export { a } from "../low/a.ts";'))).toEqual([]);
    expect(upwardRows([{ path: "core/low", contents: "", imports: ["high"] }, ...table.slice(1)])).toHaveLength(1);
  });

  it("a cycle of files", () => {
    const circle = [between("a.ts", "b.ts"), between("b.ts", "c.ts"), between("c.ts", "a.ts"), between("c.ts", "d.ts")];
    expect(cycles(circle).map((found) => found.toSorted())).toEqual([["a.ts", "b.ts", "c.ts"]]);
  });

  it("a write of an admission row from elsewhere", () => {
    const text = 'import { admit, type AdmissionRequest } from "#core/db/admission.ts";\n';
    expect(strayWriters(importsOf("core/media/a.ts", text))).toEqual([
      "core/media/a.ts calls admit of core/db/admission.ts",
    ]);
    expect(strayWriters(importsOf("core/generation/a.ts", text))).toEqual([]);
  });
});
