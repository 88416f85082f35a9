import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { diskReason } from "./disk-fault.ts";
import { replaceFile } from "./replace-file.ts";
import { UnusableData } from "./unusable-data.ts";

/**
 * The data folder of one running gateway. SQLite's lock on a file holds it: the system gives it back when the process ends,
 * however it ends, so no lock is ever stale and no process id is mistaken for another's.
 */

const holderSchema = z.object({ pid: z.number(), since: z.string(), url: z.string().optional() });
type Holder = z.infer<typeof holderSchema>;

const isBusy = (error: unknown): boolean => error instanceof Error && "errcode" in error && error.errcode === 5;

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

const readIfPresent = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

const makeFolder = (path: string): void => {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const isFile = ["EEXIST", "ENOTDIR"].includes(codeOf(error));
    const reason = isFile ? "a file is in its place" : (diskReason(error) ?? codeOf(error));
    throw new Error(`LOCAL_DATA_DIR must be a folder that can be written; ${path} cannot be: ${reason}.`);
  }
};

const lockFile = (path: string): string => join(path, "lock.db");
/** Longer than another process needs to look whether the lock is held. */
const patienceMs = 300;

const lock = (path: string): DatabaseSync => {
  const database = new DatabaseSync(lockFile(path), { timeout: patienceMs });
  try {
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

const heldBy = (path: string): string => {
  try {
    const { pid, since, url } = holderSchema.parse(JSON.parse(readFileSync(join(path, "lock.json"), "utf8")));
    return `process ${pid} (${url === undefined ? "" : `${url}, `}since ${since})`;
  } catch {
    return "another npm start";
  }
};

/** Whether a gateway runs on the folder now. */
export const isInUse = (path: string): boolean => {
  if (!existsSync(lockFile(path))) return false;
  const database = new DatabaseSync(lockFile(path));
  try {
    database.exec("BEGIN IMMEDIATE; ROLLBACK");
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    database.close();
  }
};

export class DataFolder {
  readonly path: string;
  readonly #lock: DatabaseSync;
  readonly #holder: Holder = { pid: process.pid, since: new Date().toISOString() };
  #ready: string | undefined;

  /**
   * Makes the folder and takes it for this process.
   * @throws Error in one sentence, for a folder that cannot be used or that another process uses.
   */
  constructor(path: string) {
    this.path = path;
    makeFolder(path);
    try {
      this.#lock = lock(path);
    } catch (error) {
      if (!isBusy(error)) throw new UnusableData(path, "lock.db cannot be locked", { cause: error });
      throw new Error(
        `The data folder ${path} is in use by ${heldBy(path)}: stop it, or choose another folder: ` +
          "LOCAL_DATA_DIR=.local-2 PORT=8788 npm start",
      );
    }
    // Of a process that was killed.
    rmSync(this.#readyFile, { force: true });
    replaceFile(join(path, "lock.json"), JSON.stringify(this.#holder));
  }

  get #readyFile(): string {
    return join(this.path, "ready.json");
  }

  /** Says in the folder where the gateway answers, and everything that a client needs. */
  announce(ready: { readonly url: string }): void {
    const text = JSON.stringify(ready, null, 2);
    replaceFile(join(this.path, "lock.json"), JSON.stringify({ ...this.#holder, url: ready.url }));
    replaceFile(this.#readyFile, text);
    this.#ready = text;
  }

  /** Takes the announcement back, unless the folder was replaced and has somebody else's. */
  retract(): void {
    if (this.#ready !== undefined && readIfPresent(this.#readyFile) === this.#ready)
      rmSync(this.#readyFile, { force: true });
    this.#ready = undefined;
  }

  /** Gives the folder back. */
  close(): void {
    this.retract();
    this.#lock.close();
  }
}
