import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";
import { isInUse } from "#infra/local/data-folder.ts";
import { settingOf } from "#infra/settings.ts";

/**
 * Selects what an operator's command works on: with `--local` the data of `npm start`, otherwise the stage of `sst shell`,
 * which sets the same variables. Call it before importing anything from core.
 */
export const useOperatorEnvironment = (local: boolean): void => {
  if (local) {
    Object.assign(process.env, localEnvironment(resolve(settingOf("LOCAL_DATA_DIR") ?? ".local")));
    return;
  }
  if (process.env.SST_RESOURCE_App === undefined) {
    throw new Error(
      "Run this through `npx sst shell --stage <stage> -- npm run operator -- <name>`, or add --local while `npm start` runs.",
    );
  }
};

/** What `npm start` left for operators' commands. @throws Error in one sentence when it does not run on the folder */
const localEnvironment = (folder: string): Readonly<Record<string, string>> => {
  if (!isInUse(folder)) {
    throw new Error(
      `npm start does not run on the data folder ${folder}: start it, or name its folder with LOCAL_DATA_DIR.`,
    );
  }
  const text = readFileSync(join(folder, "operator-environment.json"), "utf8");
  return z.record(z.string(), z.string()).parse(JSON.parse(text));
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
