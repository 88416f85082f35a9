import { readFlags } from "#infra/flags.ts";
import { runCommand, useOperatorEnvironment } from "./operator-environment.ts";

/** `npm run operator -- rebuild-usage 2026-11-20`: recomputes the sums of a past UTC day from its events. */
const { values, positionals } = readFlags(
  {
    usage: "npm run operator -- rebuild-usage YYYY-MM-DD [--local]",
    flags: { "--local": "work on the data of a running npm start" },
  },
  { options: { local: { type: "boolean", default: false } }, allowPositionals: true },
);

await runCommand(async () => {
  const [day] = positionals;
  if (day === undefined) throw new Error("Name a UTC day: npm run operator -- rebuild-usage YYYY-MM-DD");
  useOperatorEnvironment(values.local);
  const { rebuildUsage } = await import("#core/usage/rebuild.ts");
  return rebuildUsage(day, Date.now());
});
