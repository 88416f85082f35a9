import { Logger } from "@aws-lambda-powertools/logger";
import { config } from "#core/config.ts";

/**
 * The only logger. Lines are JSON on standard output, one canonical line a request (core/http/observe.ts). Neither a
 * prompt, an answer nor a key is ever given to it.
 */
export const logger = new Logger({ serviceName: "concurred", logLevel: config.logLevel() });

/** What of an error may be logged: its kind and place. Neither `cause` nor any other member: parsers put bodies there. */
export const loggableError = (error: unknown): { name: string; message: string; stack: string | undefined } => {
  if (!(error instanceof Error)) return { name: "NotAnError", message: typeof error, stack: undefined };
  return { name: error.name, message: error.message.slice(0, 500), stack: error.stack?.slice(0, 4_000) };
};
