import { readFlags } from "#infra/flags.ts";
import { runCommand, useOperatorEnvironment } from "./operator-environment.ts";

/**
 * `npm run operator -- delete-user <user id>`: refuses a user, revokes their keys and deletes all their rows in every table.
 * It may be cut off and run again. Supabase's user is deleted there.
 */
const { values, positionals } = readFlags(
  {
    usage: "npm run operator -- delete-user <user id> --yes [--local]",
    flags: {
      "--yes": "delete: there is no way back but a table's recovery",
      "--local": "work on the data of a running npm start",
    },
  },
  {
    options: { local: { type: "boolean", default: false }, yes: { type: "boolean", default: false } },
    allowPositionals: true,
  },
);

const userIdPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

await runCommand(async () => {
  const [userId] = positionals;
  if (userId === undefined || !userIdPattern.test(userId)) {
    throw new Error("Name a user by id: npm run operator -- delete-user <user id> --yes");
  }
  if (!values.yes) throw new Error(`This deletes everything of ${userId}. Add --yes.`);
  useOperatorEnvironment(values.local);
  const { deleteAccount } = await import("#core/accounts/delete-account.ts");
  const { keysRevoked, rows } = await deleteAccount(userId, Date.now());
  return { userId, keysRevoked, deletedRows: rows };
});
