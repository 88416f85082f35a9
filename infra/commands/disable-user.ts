import { readFlags } from "#infra/flags.ts";
import { runCommand, useOperatorEnvironment } from "./operator-environment.ts";

/**
 * `npm run operator -- disable-user <user id>`: refuses a user and all their keys from the next request on. `--enable` lifts
 * the block; revoked keys stay revoked.
 */
const { values, positionals } = readFlags(
  {
    usage: "npm run operator -- disable-user <user id> [--enable] [--local]",
    flags: {
      "--enable": "lift the block; revoked keys stay revoked",
      "--local": "work on the data of a running npm start",
    },
  },
  {
    options: { local: { type: "boolean", default: false }, enable: { type: "boolean", default: false } },
    allowPositionals: true,
  },
);

/** Supabase's user ids. A name or an address would block nobody. */
const userIdPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

await runCommand(async () => {
  const [userId] = positionals;
  if (userId === undefined) throw new Error("Name a user: npm run operator -- disable-user <user id>");
  if (!userIdPattern.test(userId)) {
    throw new Error(
      `${userId} is not a user id. User ids are UUIDs: Supabase's list of users and the gateway's logs show them.`,
    );
  }
  useOperatorEnvironment(values.local);
  const { setUserDisabled } = await import("#core/db/api-keys.ts");
  const { disableAllKeys } = await import("#core/keys/keys.ts");
  if (values.enable) {
    await setUserDisabled(userId, undefined);
    return { userId, enabled: true };
  }
  const nowMs = Date.now();
  const { wasKnown } = await setUserDisabled(userId, nowMs);
  const keysRevoked = await disableAllKeys(userId, nowMs);
  const warning =
    wasKnown || keysRevoked > 0 ? undefined : "No user with this id has created a key or sent a request. Check the id.";
  return { userId, disabled: true, keysRevoked, warning };
});
