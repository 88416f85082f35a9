import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

const laterMs = 2_000;

/** Where the state is kept between runs. */
export interface StateFile {
  /** Resolves once the state of now is on disk. Calls during a write share the next one. */
  readonly save: () => Promise<void>;
  /** Writes within two seconds: for what may be lost when the process is killed. */
  readonly saveLater: () => void;
}

/** The text of the file, or undefined where there is none yet. */
export const readStateFile = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
};

/**
 * Keeps the text of `snapshot` in a file that is never half written: written beside, then renamed.
 * @param onError Hears of a failed `saveLater`; `save` rejects by itself.
 */
export const openStateFile = async (
  path: string,
  snapshot: () => string,
  onError: (error: unknown) => void,
): Promise<StateFile> => {
  await mkdir(dirname(path), { recursive: true });
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const write = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    await writeFile(`${path}.new`, snapshot(), { mode: 0o600 });
    await rename(`${path}.new`, path);
  };
  const start = (): Promise<void> => {
    next = undefined;
    running = write().finally(() => {
      running = undefined;
    });
    return running;
  };
  const save = (): Promise<void> => {
    if (running === undefined) return start();
    next ??= running.then(start, start);
    return next;
  };
  return {
    save,
    saveLater: () => {
      timer ??= setTimeout(() => save().catch(onError), laterMs).unref();
    },
  };
};
