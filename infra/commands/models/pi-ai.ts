import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PlatformChatProviderId } from "#core/catalog/provider-ids.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";

/**
 * The second table: the model data of @earendil-works/pi-ai. Its newest version is fetched with `npm pack` and read as data:
 * as a dependency it would bring a hundred packages that nothing here needs, and be as old as the lock file.
 */

const packageName = "@earendil-works/pi-ai";
const files: Readonly<Record<PlatformChatProviderId, string>> = {
  openai: "openai",
  anthropic: "anthropic",
  google: "google",
  "x-ai": "xai",
  openrouter: "openrouter",
  minimax: "minimax",
};

/** Dollars for a million tokens. The table writes 0 for what it does not know. */
export interface PublishedPrices {
  readonly input: number;
  readonly output: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
}

export interface PublishedModel {
  readonly id: string;
  readonly prices: PublishedPrices;
  readonly long: { readonly above: number; readonly prices: PublishedPrices } | undefined;
}

export type PublishedTable = ReadonlyMap<PlatformChatProviderId, readonly PublishedModel[]>;

const number = (value: unknown): number => (typeof value === "number" ? value : 0);

const pricesOf = (cost: JsonRecord): PublishedPrices => ({
  input: number(cost.input),
  output: number(cost.output),
  cachedInput: number(cost.cacheRead),
  cacheWrite: number(cost.cacheWrite),
});

/** Chat models wherever they stand in a file: the other kinds name their type. */
const chatModelsIn = (value: unknown): readonly PublishedModel[] => {
  if (!isRecord(value)) return Array.isArray(value) ? value.flatMap(chatModelsIn) : [];
  const { id, cost, type } = value;
  if (typeof id !== "string" || !isRecord(cost)) return Object.values(value).flatMap(chatModelsIn);
  if (type !== undefined && type !== "chat") return [];
  const [tier] = Array.isArray(cost.tiers) ? cost.tiers.filter(isRecord) : [];
  const long = tier === undefined ? undefined : { above: number(tier.inputTokensAbove), prices: pricesOf(tier) };
  return [{ id, prices: pricesOf(cost), long }];
};

/** Reads the table from an unpacked package. */
export const readPiAi = async (folder: string): Promise<PublishedTable> => {
  const table = new Map<PlatformChatProviderId, readonly PublishedModel[]>();
  for (const [provider, file] of Object.entries(files) as [PlatformChatProviderId, string][]) {
    const text = await readFile(join(folder, "dist/providers/data", `${file}.json`), "utf8");
    table.set(provider, chatModelsIn(JSON.parse(text)));
  }
  return table;
};

/** Fetches the newest version, and says which. */
export const fetchPiAi = async (): Promise<{ readonly table: PublishedTable; readonly version: string }> => {
  const run = promisify(execFile);
  const folder = await mkdtemp(join(tmpdir(), "pi-ai-"));
  try {
    const { stdout } = await run("npm", ["pack", packageName, "--pack-destination", folder, "--silent"]);
    await run("tar", ["xzf", join(folder, stdout.trim()), "-C", folder]);
    const manifest: unknown = JSON.parse(await readFile(join(folder, "package/package.json"), "utf8"));
    const version = isRecord(manifest) ? String(manifest.version) : "";
    return { table: await readPiAi(join(folder, "package")), version: `${packageName} ${version}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
