import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { models } from "#core/catalog/models.ts";
import { platformChatProviderIds } from "#core/catalog/provider-ids.ts";
import {
  compareListed,
  compareWith,
  endingModels,
  type ModelDifference,
  missingModels,
} from "./models/compare-models.ts";
import { comparePrices } from "./models/genai-prices.ts";
import { listModels } from "./models/list-models.ts";
import { fetchPiAi, readPiAi } from "./models/pi-ai.ts";

/**
 * `npm run operator -- check-models`: compares the catalogue with two published tables (@pydantic/genai-prices and pi-ai's) in
 * both directions, lists what ends within 60 days, and reads the list of each provider whose key is in the environment.
 * `--write` puts the report into docs/operations/models.md. Exits with 1 for what is not explained; CI runs it once a week.
 */

const { values: flags } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    /** An unpacked pi-ai; without it npm fetches the newest. */
    "pi-ai": { type: "string" },
  },
});

const page = new URL("../../docs/operations/models.md", import.meta.url);
const marks = ["<!-- models:begin -->", "<!-- models:end -->"] as const;

const price = (value: number | undefined): string => (value === undefined ? "missing" : String(value));
const line = ({
  model,
  field,
  ours,
  theirs,
  reason,
}: Omit<ModelDifference, "theirs"> & { readonly theirs: number | undefined }): string =>
  `- ${model}: ${field} is ${price(ours)}, theirs ${price(theirs)}${reason === undefined ? "" : ` (${reason})`}`;

const section = (title: string, lines: readonly string[]): string =>
  `### ${title}\n\n${lines.length === 0 ? "None." : lines.join("\n")}\n`;

const lists = async (): Promise<{ readonly read: readonly string[]; readonly against: readonly string[] }> => {
  const read: string[] = [];
  const against: string[] = [];
  for (const provider of platformChatProviderIds) {
    const listed = await listModels(provider);
    if (listed === undefined) continue;
    read.push(provider);
    against.push(...compareListed(provider, listed));
  }
  return { read, against };
};

const nowMs = Date.now();
const folder = flags["pi-ai"];
const { table, version } =
  folder === undefined ? await fetchPiAi() : { table: await readPiAi(folder), version: `pi-ai in ${folder}` };
const genai = comparePrices(undefined, nowMs);
const pi = compareWith(table, nowMs);
const missing = missingModels(table);
const { read, against } = await lists();
const differences = [...genai.differences, ...pi.differences];
const open = differences.filter(({ reason }) => reason === undefined);
const report = [
  `Run on ${new Date(nowMs).toISOString().slice(0, 10)}: ${models.length} chat models; ${genai.compared} rows compared with`,
  `@pydantic/genai-prices, ${pi.compared} with ${version}.`,
  `Lists of providers: ${read.length === 0 ? "none, since no key was set" : read.join(", ")}.\n`,
  section("Unexplained differences", [
    ...open.map(line),
    ...genai.stale.map((key) => `- explained, but no difference: ${key}`),
  ]),
  section(
    "Published, missing here, and not deliberately omitted",
    missing.map((id) => `- ${id}`),
  ),
  section(
    "Against a provider's own list",
    against.map((each) => `- ${each}`),
  ),
  section(
    "Ending within 60 days, or announced to have ended",
    endingModels(nowMs).map(
      ({ id, deprecated }) => `- ${id}: ${deprecated?.shutDownOn}, successor ${deprecated?.successor}`,
    ),
  ),
  section("Explained", differences.filter(({ reason }) => reason !== undefined).map(line)),
  section(
    "In neither table",
    genai.unknown.filter((id) => pi.unknown.includes(id)).map((id) => `- ${id}`),
  ),
].join("\n");
console.log(report);
if (flags.write) {
  const [begin, end] = marks;
  const text = await readFile(page, "utf8");
  await writeFile(
    page,
    `${text.slice(0, text.indexOf(begin) + begin.length)}\n\n${report}\n${text.slice(text.indexOf(end))}`,
  );
}
process.exitCode = open.length + missing.length + against.length + genai.stale.length === 0 ? 0 : 1;
