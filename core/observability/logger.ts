import { config } from "#core/config.ts";

/**
 * The only logger. Lines are JSON, one canonical line a request (core/http/observe.ts), in the format of Powertools for AWS
 * Lambda, against which a test holds them. Powertools itself costs a request 0.3 ms of CPU and a cold start 24 KB of code.
 * Neither a prompt, an answer nor a key is ever given to it.
 */

/** A value of a line. `loggableError` makes one of an error. */
type LogValue = string | number | bigint | boolean | null | undefined | readonly LogValue[] | LineFields;

interface LineFields {
  readonly [name: string]: LogValue;
}

const levels = ["DEBUG", "INFO", "WARN", "ERROR"] as const;
type Level = (typeof levels)[number];

/** Written into each line and each metric, as Powertools does. */
export const serviceName = "concurred";

/** JSON cannot represent a bigint, so it is written as text. */
const jsonValue = (_name: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);

/** The id of the running invocation's trace, which Lambda puts into the environment. */
const traceId = (): string | undefined =>
  process.env._X_AMZN_TRACE_ID
    ?.split(";")
    .find((part) => part.startsWith("Root="))
    ?.slice("Root=".length);

const lowestLevel = levels.indexOf(config.logLevel());

const writer = (level: Level, stream: "stdout" | "stderr") => {
  if (levels.indexOf(level) < lowestLevel) return () => undefined;
  return (message: string, fields: LineFields = {}): void => {
    const line = {
      level,
      message,
      timestamp: new Date().toISOString(),
      service: serviceName,
      xray_trace_id: traceId(),
    };
    // Fields never override the line's own.
    process[stream].write(`${JSON.stringify({ ...line, ...fields, ...line }, jsonValue)}\n`);
  };
};

/** Writes a line with its fields. Those that are undefined are left out. */
export const logger = {
  debug: writer("DEBUG", "stdout"),
  info: writer("INFO", "stdout"),
  warn: writer("WARN", "stderr"),
  error: writer("ERROR", "stderr"),
} as const;

/** What of an error may be logged: its kind and place. Neither `cause` nor any other member: parsers put bodies there. */
export const loggableError = (error: unknown): { name: string; message: string; stack: string | undefined } => {
  if (!(error instanceof Error)) return { name: "NotAnError", message: typeof error, stack: undefined };
  return { name: error.name, message: error.message.slice(0, 500), stack: error.stack?.slice(0, 4_000) };
};
