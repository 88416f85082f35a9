import { writeFile } from "node:fs/promises";
import path from "node:path";
import { type BackgroundFunction, backgroundFunctions } from "#core/routes.ts";
import { tables } from "#core/tables.ts";
import { ensurePlatform } from "#infra/mocked/install-platform.ts";
import { rolePolicies } from "#infra/mocked/policies.ts";
import type { MockedRun } from "#infra/mocked/registration.ts";
import { runProgram } from "#infra/mocked/run-program.ts";
import { type DeployedRow, deployedRows, lambdaOf, ofType } from "#infra/mocked/stage-view.ts";

/** Writes docs/operations/resources.md: the resources of the production stage, drawn from a run of `sst.config.ts` under mocks. */

const root = path.resolve(import.meta.dirname, "../..");
export const drawingFile = path.join(root, "docs/operations/resources.md");

const groups = {
  stream: "Streaming functions",
  api: "Buffered functions",
  page: "Dashboard functions",
  background: "Background functions",
} as const;

type Group = keyof typeof groups;
const groupNames = Object.keys(groups) as Group[];

const tableNames = Object.values(tables).map(({ resource }) => resource);
const reading = /dynamodb:(GetItem|Query|Scan|BatchGetItem|DescribeTable)/;
const writing = /dynamodb:(PutItem|UpdateItem|DeleteItem|BatchWriteItem)/;

/** What a function's role may do with each table: `read`, `write` or `read, write`. */
const tableAccess = (run: MockedRun, { component }: DeployedRow): ReadonlyMap<string, string> => {
  const access = new Map<string, string>();
  for (const table of tableNames) {
    const actions = rolePolicies(run)
      .filter(({ holder, resources }) => {
        const own = resources.some(
          (resource) => resource.endsWith(`:table/${table}`) || resource.includes(`:table/${table}/index/`),
        );
        return holder === `${component}Role` && own;
      })
      .map((statement) => String(statement.actions))
      .join();
    const kinds = [...(reading.test(actions) ? ["read"] : []), ...(writing.test(actions) ? ["write"] : [])];
    if (kinds.length > 0) access.set(table, kinds.join(", "));
  }
  return access;
};

/** Whether the role may seal or open with the key by itself, beyond what DynamoDB does for it. */
const seals = (run: MockedRun, { component }: DeployedRow): boolean =>
  rolePolicies(run).some(
    ({ holder, conditions }) =>
      holder === `${component}Role` && String(conditions).includes("kms:EncryptionContext:app"),
  );

const rowsOf = (group: Group): readonly DeployedRow[] =>
  deployedRows.filter(({ concurrency }) => concurrency === group);

const groupEdges = (run: MockedRun, group: Group): string[] => {
  const rows = rowsOf(group);
  const edges: string[] = [];
  for (const table of tableNames) {
    const kinds = rows.flatMap((row) => tableAccess(run, row).get(table)?.split(", ") ?? []);
    const label = ["read", "write"].filter((kind) => kinds.includes(kind)).join(", ");
    if (label !== "") edges.push(`  ${group} -->|${label}| ${table}`);
  }
  if (rows.some((row) => seals(run, row))) edges.push(`  ${group} -->|seal, open| EncryptionKey`);
  return edges;
};

const triggerEdges = (): string[] =>
  (backgroundFunctions as readonly BackgroundFunction[]).flatMap(({ id, trigger }) =>
    "schedule" in trigger
      ? [`  ${id}Schedule([${id}: ${trigger.schedule.replace(/rate\((.*)\)/, "every $1")}]) --> background`]
      : [
          `  ${tables[trigger.stream].resource} -->|stream to ${id}| background`,
          `  background -->|failed batches| ${id}DeadLetters[(${id}DeadLetters)]`,
        ],
  );

const graph = (run: MockedRun): string => {
  const count = (group: Group): string => `${groups[group]}<br/>${rowsOf(group).length}`;
  return [
    "```mermaid",
    "flowchart LR",
    "  clients([clients]) --> Firewall[WAF] --> Api[API Gateway<br/>REST, regional]",
    ...groupNames.map((group) => `  ${group}["${count(group)}"]`),
    ...tableNames.map((table) => `  ${table}[(${table})]`),
    "  EncryptionKey{{KMS key}}",
    "  Api -->|STREAM| stream",
    "  Api -->|BUFFERED| api",
    "  Api -->|BUFFERED| page",
    ...groupNames.flatMap((group) => groupEdges(run, group)),
    ...triggerEdges(),
    "```",
  ].join("\n");
};

const cell = (value: unknown): string => (value === undefined || value === "" ? "-" : String(value));

const functionTable = (run: MockedRun): string => {
  const lines = deployedRows.map((row) => {
    const { memorySize, timeout, reservedConcurrentExecutions } = lambdaOf(run, row);
    const access = [...tableAccess(run, row)].map(([table, kinds]) => `${table.replace(/Table$/, "")} (${kinds})`);
    const links = Object.keys(run.builds.find(({ functionId }) => functionId === row.component)?.links ?? {});
    const others = new Set(["EncryptionKey", "Account"]);
    const secrets = links.filter((name) => !others.has(name) && !tableNames.some((table) => table === name));
    const transfer = row.path === undefined ? undefined : row.stream ? "stream" : "buffered";
    const cells = [
      row.id,
      row.path === undefined ? undefined : `\`${row.path}\``,
      transfer,
      `${timeout} s`,
      `${memorySize} MB`,
      reservedConcurrentExecutions,
      [...access, ...(seals(run, row) ? ["key"] : []), ...(links.includes("Account") ? ["callers' roles"] : [])].join(
        ", ",
      ),
      secrets.sort().join(", "),
    ];
    return `| ${cells.map(cell).join(" | ")} |`;
  });
  return [
    "| Function | Path | Response | Timeout | Memory | Reserved | Access | Secrets |",
    "|---|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
};

const countTable = (run: MockedRun): string => {
  const types = new Set(run.resources.map(({ type }) => type).filter((type) => type.startsWith("aws:")));
  const lines = [...types]
    .sort()
    .map((type) => `| \`${type.split(":")[1]}:${type.split(":")[2]}\` | ${ofType(run, type).length} |`);
  return ["| Resource | Count |", "|---|---|", ...lines].join("\n");
};

/** The page in Markdown. The same run gives the same text. */
export const drawResources = (run: MockedRun): string =>
  [
    "# Deployed resources",
    "Generated by `npm run operator -- draw-resources` from a run of `sst.config.ts` for the production stage with mocks in place of AWS. Do not edit; a test compares this page with the code.",
    graph(run),
    "Not drawn: the KMS key encrypts every table, and each function has a separate role.",
    "## Functions",
    functionTable(run),
    "## Resources by type",
    countTable(run),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");

if (import.meta.main) {
  const missing = await ensurePlatform();
  if (missing !== undefined) throw new Error(missing);
  await writeFile(drawingFile, drawResources(await runProgram({ stage: "production" })));
}
