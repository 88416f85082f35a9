import type { FileImport } from "./imports.ts";
import { otherWriters, type Room, rowWriters } from "./rooms.ts";

/** Holds imports against the table of rooms. Each function returns what is wrong, in words; nothing when all is well. */

const nameOf = ({ path }: Room): string => path.replace(/^core\//, "").replace(/\.ts$/, "");

/** The room of a file: the one with the longest path. */
export const roomOf = (rooms: readonly Room[], file: string): Room | undefined =>
  rooms
    .filter(({ path }) => file === path || file.startsWith(`${path}/`))
    .sort((left, right) => right.path.length - left.path.length)[0];

const allows = ({ imports }: Room, target: Room): boolean =>
  imports.includes(nameOf(target)) || (imports.includes("core/*") && target.path.startsWith("core/"));

/** Imports that a room's row does not allow. */
export const forbiddenImports = (rooms: readonly Room[], imports: readonly FileImport[]): readonly string[] =>
  imports.flatMap(({ from, to }) => {
    const [source, target] = [roomOf(rooms, from), roomOf(rooms, to)];
    if (source === undefined) return [`${from} is in no room`];
    if (target === undefined || source === target || allows(source, target)) return [];
    return [`${from} imports ${to}: ${nameOf(source)} may not import ${nameOf(target)}`];
  });

/** Rows that allow an import of the room's own row or of a row below it: the table runs from bottom to top. */
export const upwardRows = (rooms: readonly Room[]): readonly string[] =>
  rooms.flatMap((source, index) =>
    rooms
      .slice(index)
      .filter(
        (target) => allows(source, target) && !(target.path.startsWith("core/") && source.imports.includes("core/*")),
      )
      .map((target) => `${nameOf(source)} may not allow ${nameOf(target)}, which is not below it`),
  );

/** Groups of files that import each other in a circle. Tarjan's algorithm. */
export const cycles = (imports: readonly FileImport[]): readonly (readonly string[])[] => {
  const edges = new Map<string, string[]>();
  for (const { from, to } of imports) edges.set(from, [...(edges.get(from) ?? []), to]);
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.get(file) ?? 0);
    stack.push(file);
    for (const next of edges.get(file) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(file, Math.min(lowest.get(file) ?? 0, lowest.get(next) ?? 0));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1 || (edges.get(file) ?? []).includes(file)) found.push(circle);
  };
  for (const file of edges.keys()) if (!order.has(file)) visit(file);
  return found;
};

/** Files outside the generation room that write admission or usage rows without being listed. */
export const strayWriters = (imports: readonly FileImport[]): readonly string[] =>
  imports.flatMap(({ from, to, names }) => {
    const isRoom = from.startsWith("core/generation/") || from.startsWith("core/db/") || from.startsWith("tests/");
    if (isRoom || Object.hasOwn(otherWriters, from) || !to.startsWith("core/db/")) return [];
    return names.filter((name) => rowWriters.has(name)).map((name) => `${from} calls ${name} of ${to}`);
  });
