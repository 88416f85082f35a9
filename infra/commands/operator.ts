import { dispatch, type NamedCommands, script } from "./named-commands.ts";

/** `npm run operator -- <name>`: the commands that operate a stage or maintain generated files. */
export const operatorCommands = {
  "disable-user": {
    summary: "refuse a user and revoke their API keys; --enable lifts it",
    run: script("infra/commands/disable-user.ts"),
  },
  "delete-user": {
    summary: "revoke a user's API keys and delete all their rows in every table",
    run: script("infra/commands/delete-user.ts"),
  },
  "rebuild-usage": {
    summary: "recompute the daily sums of a past UTC day from its events",
    run: script("infra/commands/rebuild-usage.ts"),
  },
  "rotate-provider-keys": {
    summary: "re-encrypt the data keys of stored provider keys under the current KMS key",
    run: script("infra/commands/rotate-provider-keys.ts"),
  },
  "check-models": {
    summary: "compare the catalogue with two published tables and the providers' own lists",
    run: script("infra/commands/check-models.ts"),
  },
  "check-licences": {
    summary: "check the licence of every package in the lock file",
    run: script("infra/commands/check-licences.ts"),
  },
  "check-sst": {
    summary: "type-check sst.config.ts and infra/*.ts against SST's components",
    run: script("infra/commands/check-sst.ts"),
  },
  "draw-resources": {
    summary: "write docs/operations/resources.md from sst.config.ts",
    run: script("infra/commands/draw-resources.ts"),
  },
  "write-fields": {
    summary: "write docs/reference/fields.md from the field table",
    run: script("infra/commands/write-field-table.ts"),
  },
  "write-map": {
    summary: "write the map in AGENTS.md from the layout rules",
    run: script("infra/commands/write-map.ts"),
  },
  "write-merges": {
    summary: "write core/generation/o200k-merges.ts, the merges that long texts are counted by",
    run: script("infra/commands/write-merges.ts"),
  },
  "write-durations": {
    summary: "record the durations of the slow test files, which start first",
    run: script("infra/commands/write-durations.ts"),
  },
  "synth-operators": {
    summary: "write the templates of infra/operators/, the stacks of alarms and of dashboards",
    run: script("infra/commands/synth-operators.ts"),
  },
  "preview-operators": {
    summary: "render the operators' dashboards from the metrics of `npm start`",
    run: script("infra/commands/preview-operators.ts"),
  },
  "record-fixtures": {
    summary: "record real provider responses as test fixtures; needs provider keys",
    run: script("infra/commands/record-fixtures.ts"),
  },
  sbom: {
    summary: "print the software bill of materials of what is deployed (CycloneDX)",
    run: ["npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--omit", "dev"],
  },
} satisfies NamedCommands;

if (import.meta.main) {
  const usage = "npm run operator -- <name> [arguments]";
  process.exitCode = await dispatch({ usage, commands: operatorCommands }, process.argv.slice(2));
}
