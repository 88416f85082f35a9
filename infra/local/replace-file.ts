import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Replaces a file in one step, so that no reader sees half of it; only its owner may read it. */
export const replaceFile = (path: string, text: string): void => {
  const temporaryPath = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporaryPath, text, { mode: 0o600, flush: true });
    renameSync(temporaryPath, path);
  } catch (error) {
    rmSync(temporaryPath, { force: true });
    throw error;
  }
};
