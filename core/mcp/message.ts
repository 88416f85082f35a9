import * as z from "zod";
import { isRecord, type JsonRecord } from "#core/values/records.ts";

/** The Model Context Protocol as one stateless endpoint: JSON-RPC messages, in their newer and their older form. */

/** Requests of this revision stand alone: no handshake, no session. */
export const statelessVersion = "2026-07-28";
/** Revisions that begin with `initialize`, newest first. */
export const handshakeVersions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;

export const metaKeys = {
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  serverInfo: "io.modelcontextprotocol/serverInfo",
} as const;

/** JSON-RPC's codes, and those that the protocol adds. */
export const rpcCodes = {
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  headerMismatch: -32_020,
  unsupportedVersion: -32_022,
} as const;

const maxMethodCharacters = 100;

export const messageSchema = z.looseObject({
  jsonrpc: z.literal("2.0"),
  id: z
    .union([z.string().max(200), z.number()])
    .optional()
    .describe("Absent for a notification"),
  method: z.string().min(1).max(maxMethodCharacters),
  params: z.record(z.string(), z.unknown()).optional(),
});

/** What answers a request: its result, or a fault of the protocol. */
export const mcpAnswer = z
  .union([
    z.strictObject({ jsonrpc: z.literal("2.0"), id: z.union([z.string(), z.number()]), result: z.looseObject({}) }),
    z.strictObject({
      jsonrpc: z.literal("2.0"),
      id: z.union([z.string(), z.number(), z.null()]),
      error: z.looseObject({ code: z.int(), message: z.string() }),
    }),
  ])
  .meta({ id: "McpAnswer" });

export type McpMessage = z.infer<typeof messageSchema>;

/** A protocol error in JSON-RPC form. */
export class McpError extends Error {
  override readonly name = "McpError";
  readonly code: number;
  readonly status: number;
  readonly data: JsonRecord | undefined;

  constructor(code: number, message: string, status = 400, data?: JsonRecord) {
    super(message);
    this.code = code;
    this.status = status;
    this.data = data;
  }
}

const metaOf = ({ params }: McpMessage): JsonRecord => {
  const meta = params?._meta;
  return isRecord(meta) ? meta : {};
};

/** Whether a message is of the stateless revision. */
export const isStateless = (message: McpMessage): boolean => metaKeys.protocolVersion in metaOf(message);

type Headers = Readonly<Record<string, string | undefined>>;

const mismatch = (header: string, what: string): McpError =>
  new McpError(rpcCodes.headerMismatch, `The header ${header} must be ${what}.`);

/** Non-ASCII names travel as `=?base64?…?=`. */
const decoded = (value: string | undefined): string | undefined => {
  const [, base64] = /^=\?base64\?([A-Za-z0-9+/=]*)\?=$/.exec(value ?? "") ?? [];
  return base64 === undefined ? value : Buffer.from(base64, "base64").toString("utf8");
};

/** The envelope of a stateless message against its headers, which proxies route by. @throws McpError */
export const checkEnvelope = (message: McpMessage, headers: Headers): void => {
  const meta = metaOf(message);
  const version = meta[metaKeys.protocolVersion];
  if (version !== statelessVersion) {
    throw new McpError(rpcCodes.unsupportedVersion, "This protocol version is not supported.", 400, {
      supported: [statelessVersion, ...handshakeVersions],
      requested: String(version),
    });
  }
  if (message.id === undefined) return;
  if (headers["mcp-protocol-version"] !== version) throw mismatch("MCP-Protocol-Version", "the version in _meta");
  if (headers["mcp-method"] !== message.method) throw mismatch("Mcp-Method", "the method of the message");
  const name = message.params?.name;
  if (message.method === "tools/call" && decoded(headers["mcp-name"]) !== name) {
    throw mismatch("Mcp-Name", "the name of the tool");
  }
  if (!isRecord(meta[metaKeys.clientCapabilities])) {
    throw new McpError(rpcCodes.invalidParams, `_meta must have ${metaKeys.clientCapabilities}.`);
  }
};

/** A version header of the older revisions. @throws McpError for one that we do not know */
export const checkVersionHeader = (headers: Headers): void => {
  const version = headers["mcp-protocol-version"];
  const known: readonly string[] = handshakeVersions;
  if (version === undefined || known.includes(version)) return;
  throw new McpError(rpcCodes.invalidRequest, "The header MCP-Protocol-Version names a version that is not supported.");
};

/** The revision that a handshake agrees on. */
export const agreedVersion = (requested: unknown): string =>
  handshakeVersions.find((version) => version === requested) ?? handshakeVersions[0];

export const rpcResult = (id: McpMessage["id"], result: JsonRecord) => ({ jsonrpc: "2.0" as const, id, result });

export const rpcError = (id: McpMessage["id"], { code, message, data }: McpError) => ({
  jsonrpc: "2.0" as const,
  id: id ?? null,
  error: { code, message, ...(data === undefined ? {} : { data }) },
});
