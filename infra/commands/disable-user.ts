import { parseArgs } from "node:util";
import { runCommand, useOperatorEnvironment } from "./operator-environment.ts";

/**
 * `npm run operator -- disable-user <user id>`: refuses a user and all their keys from the next request on. `--enable` lifts
 * the block; revoked keys stay revoked.
 */
const { values, positionals } = parseArgs({
  options: { local: { type: "boolean", default: false }, enable: { type: "boolean", default: false } },
  allowPositionals: true,
});

await runCommand(async () => {
  const [userId] = positionals;
  if (userId === undefined) throw new Error("Name a user: npm run operator -- disable-user <user id>");
  useOperatorEnvironment(values.local);
  const { setUserDisabled } = await import("#core/db/api-keys.ts");
  const { disableAllKeys } = await import("#core/keys/keys.ts");
  if (values.enable) {
    await setUserDisabled(userId, undefined);
    return { userId, enabled: true };
  }
  const nowMs = Date.now();
  await setUserDisabled(userId, nowMs);
  return { userId, disabled: true, keysRevoked: await disableAllKeys(userId, nowMs) };
});
