import { config } from "#core/config.ts";
import {
  deleteExport,
  type ExportRow,
  exportContext,
  insertExport,
  listExports,
  maxExports,
  readExport,
  replaceExport,
} from "#core/db/exports.ts";
import { newSigningSecret, requirePublicHost } from "#core/deliveries/destination.ts";
import { type SealedText, sealText } from "#core/encryption/sealed-text.ts";
import { GatewayError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { isListedHost } from "#core/outbound/guarded-agent.ts";
import { webUrlProblem } from "#core/outbound/web-url.ts";
import type { ExportChange, NewExport } from "#core/schemas/exports.ts";

/** Management of exports by their owner. */

const view = ({ id, kind, url, headerNames, sampling, keys, enabled, includeContent, createdAt }: ExportRow) => ({
  id,
  kind,
  url,
  headerNames,
  sampling,
  keys: keys ?? null,
  enabled,
  includeContent: includeContent ?? false,
  createdAt: new Date(createdAt).toISOString(),
});

const notFound = (): GatewayError => new GatewayError("NOT_FOUND", "No export has this id.", { param: "id" });

/** @throws GatewayError BAD_REQUEST for an address that is not public and https, unless the stage lists its host */
const checkAddress = async (text: string): Promise<void> => {
  const url = URL.parse(text);
  const isListed =
    url !== null && /^https?:$/.test(url.protocol) && url.username === "" && isListedHost(url, config.customHosts());
  if (isListed) return;
  const problem = webUrlProblem(text, "https");
  if (problem !== undefined) {
    throw new GatewayError("BAD_REQUEST", `The export's URL cannot be used: ${problem}.`, { param: "url" });
  }
  await requirePublicHost(text, { param: "url", name: "export's URL" });
};

const sealedHeaders = async (
  userId: string,
  id: string,
  headers: Readonly<Record<string, string>> | undefined,
): Promise<{ headerNames: string[]; headers?: SealedText }> => {
  const headerNames = Object.keys(headers ?? {});
  if (headers === undefined || headerNames.length === 0) return { headerNames };
  const sealed = await sealText(JSON.stringify(headers), userId, exportContext(id, "headers"));
  if (sealed === undefined) throw new GatewayError("BAD_REQUEST", "The headers are too long.", { param: "headers" });
  return { headerNames, headers: sealed };
};

/** Creates an export. Its webhook's secret is returned this once. @throws GatewayError, AwsError */
export const createExport = async (userId: string, { headers, keys, ...facts }: NewExport, nowMs: number) => {
  await checkAddress(facts.url);
  const id = newId("export");
  const signing = facts.kind === "webhook" ? await newSigningSecret(userId, exportContext(id, "secret")) : undefined;
  const row: ExportRow = {
    id,
    userId,
    ...facts,
    ...(await sealedHeaders(userId, id, headers)),
    ...(signing === undefined ? {} : { secret: signing.sealed }),
    ...(keys === undefined ? {} : { keys }),
    createdAt: nowMs,
  };
  if (!(await insertExport(row))) {
    throw new GatewayError("CONFLICT", `An account has at most ${maxExports} exports.`, { shouldRetry: false });
  }
  return { ...view(row), ...(signing === undefined ? {} : { secret: signing.secret }) };
};

/** A user's exports, oldest first, without their headers. */
export const showExports = async (userId: string) => (await listExports(userId)).map(view);

/**
 * Changes an export. Headers that were stored for one origin go to no other: a new origin needs new ones.
 * @throws GatewayError, AwsError
 */
export const patchExport = async (userId: string, id: string, { headers, keys, ...change }: ExportChange) => {
  const row = id.length <= 100 ? await readExport(userId, id) : undefined;
  if (row === undefined) throw notFound();
  if (change.url !== undefined) {
    await checkAddress(change.url);
    const moved = new URL(change.url).origin !== new URL(row.url).origin;
    if (moved && headers === undefined && row.headerNames.length > 0) {
      throw new GatewayError("BAD_REQUEST", "A URL of another origin needs its headers with it.", { param: "headers" });
    }
  }
  const { headers: oldHeaders, headerNames: oldNames, keys: oldKeys, ...rest } = row;
  const kept = oldHeaders === undefined ? {} : { headers: oldHeaders };
  const newKeys = keys === undefined ? oldKeys : (keys ?? undefined);
  const changed: ExportRow = {
    ...rest,
    ...(change.url === undefined ? {} : { url: change.url }),
    ...(change.sampling === undefined ? {} : { sampling: change.sampling }),
    ...(change.enabled === undefined ? {} : { enabled: change.enabled }),
    ...(change.includeContent === undefined ? {} : { includeContent: change.includeContent }),
    ...(headers === undefined ? { headerNames: oldNames, ...kept } : await sealedHeaders(userId, id, headers)),
    ...(newKeys === undefined ? {} : { keys: newKeys }),
  };
  if (!(await replaceExport(changed))) throw notFound();
  return view(changed);
};

/** Deletes an export; what it still owes is not sent. @throws GatewayError NOT_FOUND */
export const removeExport = async (userId: string, id: string): Promise<void> => {
  if (id.length > 100 || !(await deleteExport(userId, id))) throw notFound();
};
