import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "vite";

/** The source that is deployed, as syntax trees, for guarantees about what is not in it. */

const root = join(import.meta.dirname, "../../..");

/** Paths of every source file under `core/` and `functions/`. */
export const sourceFiles: readonly string[] = ["core", "functions"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /(?<!\.d)\.tsx?$/.test(file))
    .map((file) => join(folder, file)),
);

export type Node = Readonly<Record<string, unknown>>;

function* within(value: unknown): Generator<Node> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Node;
  for (const child of Object.values(value)) yield* within(child);
}

export const sourceOf = (file: string): string => readFileSync(join(root, file), "utf8");

/** Every node of a file's syntax tree. */
export const nodesIn = (file: string): Generator<Node> => within(parseSync(file, sourceOf(file)).program);
