import { GatewayError } from "#core/errors.ts";

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : undefined;

/** Calls Unkey's SDK; what it throws becomes ours. Its own error holds the request: it goes no further. */
export const callUnkey = async <Result>(call: Promise<Result>): Promise<Result> => {
  try {
    return await call;
  } catch (error) {
    if (statusOf(error) === 404) throw new GatewayError("NOT_FOUND", "No key has this id.");
    if (statusOf(error) === 400) {
      // A value that we take and Unkey does not, such as an expiry after the year 2099.
      throw new GatewayError("BAD_REQUEST", "The key service rejected one of these values.", {
        shouldRetry: false,
      });
    }
    const name = error instanceof Error ? error.name : "unknown";
    throw new GatewayError("SERVICE_UNAVAILABLE", "The key service is unavailable. Try again in a few seconds.", {
      retryAfterSeconds: 5,
      cause: new Error(`Unkey failed with ${name}, status ${statusOf(error) ?? "none"}`),
    });
  }
};

export const keyNotFound = (): GatewayError => new GatewayError("NOT_FOUND", "No key has this id.", { param: "id" });
