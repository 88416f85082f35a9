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
    if (statusOf(error) === 404) throw new GatewayError("NOT_FOUND", "There is no such key.");
    const name = error instanceof Error ? error.name : "unknown";
    throw new GatewayError("SERVICE_UNAVAILABLE", "The key service is out of reach. Try again in a few seconds.", {
      retryAfterSeconds: 5,
      cause: new Error(`Unkey failed with ${name}, status ${statusOf(error) ?? "none"}`),
    });
  }
};

export const keyNotFound = (): GatewayError => new GatewayError("NOT_FOUND", "There is no such key.", { param: "id" });
