import { type ParseArgsConfig, parseArgs } from "node:util";

/** A command's help text. */
export interface Usage {
  /** How it is run, such as `npm start -- [flags]`. */
  readonly usage: string;
  /** Each flag in a line. */
  readonly flags?: Readonly<Record<string, string>>;
}

/** The usage as `--help` prints it. */
export const usageText = ({ usage, flags = {} }: Usage): string => {
  const width = Math.max(0, ...Object.keys(flags).map((flag) => flag.length));
  const lines = Object.entries(flags).map(([flag, meaning]) => `  ${flag.padEnd(width)}  ${meaning}`);
  return [`Usage: ${usage}`, ...(lines.length === 0 ? [] : ["", ...lines]), ""].join("\n");
};

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

/**
 * The flags and arguments of a command. Ends the process after the usage for `--help`, and with exit code 1 and a sentence
 * for a flag or a value that the command does not take.
 */
export const readFlags = <const Config extends ParseArgsConfig>(
  about: Usage,
  config: Config,
): ReturnType<typeof parseArgs<Config>> => {
  const args = config.args ?? process.argv.slice(2);
  if (args.includes("--help")) {
    process.stdout.write(usageText(about));
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof Error) || !codeOf(error).startsWith("ERR_PARSE_ARGS")) throw error;
    // Further sentences explain how to pass a value that looks like a flag.
    const [sentence = error.message] = error.message.split(/(?<=\.)\s|\. /);
    process.stderr.write(`${sentence.replace(/\.$/, "")}.\n\n${usageText(about)}`);
    process.exit(1);
  }
};
