import { mkdirSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import type * as z from "zod";
import { replaceFile } from "./replace-file.ts";
import { UnusableData } from "./unusable-data.ts";

/** A value that a local stand-in keeps between runs. Change `value` in place, then `save()` before answering. */
export interface StateFile<Value> {
  readonly value: Value;
  /** Writes the value if it changed. Synchronous, so that nothing is acknowledged that a crash could lose. */
  save(): void;
}

const readIfPresent = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
};

const parse = <Value>(path: string, text: string, schema: z.ZodType<Value>): Value => {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // Neither JSON's nor zod's message: both may quote the file, which holds secrets.
    throw new UnusableData(dirname(path), `${basename(path)} is not readable`);
  }
};

/**
 * Opens a JSON file of a local stand-in, or starts with `initial()` where there is none. Without a path the value lives
 * in memory. @throws UnusableData when the file does not match the schema
 */
export const openStateFile = <Value>(
  path: string | undefined,
  schema: z.ZodType<Value>,
  initial: () => Value,
): StateFile<Value> => {
  if (path === undefined) return { value: initial(), save: () => undefined };
  let savedText = readIfPresent(path);
  const value = savedText === undefined ? initial() : parse(path, savedText, schema);
  return {
    value,
    save: () => {
      const text = JSON.stringify(value);
      if (text === savedText) return;
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      replaceFile(path, text);
      savedText = text;
    },
  };
};
