import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";

/**
 * Selects what an operator's command works on: with `--local` the data of `npm start`, otherwise the stage of `sst shell`,
 * which sets the same variables. Call it before importing anything from core.
 */
export const useOperatorEnvironment = (local: boolean): void => {
  if (local) {
    const file = join(resolve(process.env.LOCAL_DATA_DIR ?? ".local"), "operator-environment.json");
    Object.assign(process.env, z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, "utf8"))));
    return;
  }
  if (process.env.SST_RESOURCE_App === undefined) {
    throw new Error(
      "Run this through `npx sst shell --stage <stage> -- npm run operator -- <name>`, or add --local while `npm start` runs.",
    );
  }
};

/** Runs a command, prints its result as JSON, or its error, and sets the exit code. */
export const runCommand = async (work: () => Promise<unknown>): Promise<void> => {
  try {
    process.stdout.write(`${JSON.stringify(await work(), null, 2)}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
};
