import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";

/** A program and its first arguments. */
export type Invocation = readonly [program: string, ...args: string[]];

export interface NamedCommand {
  /** One line for the list of commands. */
  readonly summary: string;
  readonly run: Invocation;
  /** Runs first; the command does not run when it fails. */
  readonly prepare?: Invocation;
}

export type NamedCommands = Readonly<Record<string, NamedCommand>>;

/** A TypeScript file, run by the same Node.js as this process. */
export const script = (file: string, ...args: readonly string[]): Invocation => [process.execPath, file, ...args];

/** The commands by name with their summaries, one a line. */
export const listCommands = (usage: string, commands: NamedCommands): string => {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return [`Usage: ${usage}`, "", ...lines, ""].join("\n");
};

/** Resolves with the exit code; a signal counts as 128 and its number, as in a shell. */
const runInherited = async ([program, ...args]: Invocation): Promise<number> => {
  const child = spawn(program, args, { stdio: "inherit" });
  // A terminal sends Ctrl-C to the whole group: the child decides when to end, and this process waits for it.
  const ignore = (): void => {};
  const forward = (): void => void child.kill("SIGTERM");
  process.on("SIGINT", ignore).on("SIGTERM", forward);
  try {
    const [code, signal]: (number | NodeJS.Signals | null)[] = await once(child, "close");
    if (typeof code === "number") return code;
    return 128 + (typeof signal === "string" ? constants.signals[signal] : 0);
  } finally {
    process.off("SIGINT", ignore).off("SIGTERM", forward);
  }
};

export interface Dispatch {
  /** Shown above the list, such as `npm run operator -- <name> [arguments]`. */
  readonly usage: string;
  readonly commands: NamedCommands;
  /** Runs when no name is given; without it the commands are listed. */
  readonly defaultName?: string;
}

/**
 * Runs the command that the first argument names, with the remaining arguments, and resolves with its exit code. Lists the
 * commands when there is no name, for `--help`, and, with exit code 1, for an unknown name.
 */
export const dispatch = async (
  { usage, commands, defaultName }: Dispatch,
  args: readonly string[],
): Promise<number> => {
  const [first] = args;
  const isNamed = first !== undefined && !first.startsWith("-");
  const name = isNamed ? first : defaultName;
  if (name === undefined || first === "--help") {
    process.stdout.write(listCommands(usage, commands));
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`Unknown command: ${name}\n\n${listCommands(usage, commands)}`);
    return 1;
  }
  const prepared = command.prepare === undefined ? 0 : await runInherited(command.prepare);
  if (prepared !== 0) return prepared;
  const [program, ...given] = command.run;
  return runInherited([program, ...given, ...(isNamed ? args.slice(1) : args)]);
};
