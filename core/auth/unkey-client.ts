import { Unkey } from "@unkey/api";
import { config } from "#core/config.ts";

/** Unkey's own SDK, for everything that manages keys. Verifying one on the hot path is `unkey-verify.ts`. */

const timeoutMs = 4_000;

let client: Unkey | undefined;

export const unkey = (): Unkey => {
  client ??= new Unkey({
    rootKey: config.unkeyRootKey(),
    serverURL: config.unkeyUrl(),
    timeoutMs,
    retryConfig: { strategy: "none" },
  });
  return client;
};
