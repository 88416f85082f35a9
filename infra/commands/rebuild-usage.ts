import { parseArgs } from "node:util";
import { runCommand, useOperatorEnvironment } from "./operator-environment.ts";

/** `npm run rebuild-usage -- 2026-11-20`: makes a day's sums again from its events. */
const { values, positionals } = parseArgs({
  options: { local: { type: "boolean", default: false } },
  allowPositionals: true,
});

await runCommand(async () => {
  const [day] = positionals;
  if (day === undefined) throw new Error("Which day? npm run rebuild-usage -- YYYY-MM-DD");
  useOperatorEnvironment(values.local);
  const { rebuildUsage } = await import("#core/usage/rebuild.ts");
  return rebuildUsage(day, Date.now());
});
