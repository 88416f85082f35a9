import { GatewayError, toGatewayError } from "#core/errors.ts";
import {
  agreedVersion,
  checkEnvelope,
  checkVersionHeader,
  handshakeVersions,
  isStateless,
  McpError,
  type McpMessage,
  metaKeys,
  rpcCodes,
  rpcError,
  rpcResult,
  statelessVersion,
} from "#core/mcp/message.ts";
import { isToolName, listedTools, toolSchemas } from "#core/mcp/tools.ts";
import { isRecord, type JsonRecord } from "#core/values/is-record.ts";
import { runTool } from "./mcp-tools.ts";
import { reportError } from "./observe.ts";
import { originOf } from "./origin.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";
import { parseWith } from "./schema.ts";

/** POST /api/mcp: one JSON-RPC message, one answer. Nothing is kept between two requests, in either form of the protocol. */

const serverInfo = { name: "concurred", title: "Concurred", version: "1" } as const;
const capabilities = { tools: { listChanged: false } } as const;
const instructions =
  "Ask models (chat), let several answer and get one (council), compare two (battle), make images (image) and videos (video, then video_status). Each call costs money of the key's owner.";
/** How long a list of tools may be kept, ms. */
const listTtlMs = 3_600_000;

/** Pages of other sites have no business here, also with a key: the protocol demands it. @throws GatewayError FORBIDDEN */
const checkOrigin = (call: Call<unknown>): void => {
  const { origin } = call.headers;
  if (origin === undefined || origin === originOf(call)) return;
  throw new GatewayError("FORBIDDEN", "This endpoint does not serve pages of other origins.", { param: "Origin" });
};

/** A tool's failure is its result: the model reads it and may do something else. */
const failedTool = (call: Call<unknown>, thrown: unknown): JsonRecord => {
  const error = thrown instanceof GatewayError ? thrown : toGatewayError(thrown);
  // A header is the client's, and no model can change it.
  if (error.param?.startsWith("X-") === true) throw error;
  if (error.code === "INTERNAL_ERROR") reportError(call, thrown);
  const body = error.toBody();
  const wait = error.retryAfterSeconds === undefined ? "" : ` Retry after ${error.retryAfterSeconds} s.`;
  return {
    isError: true,
    content: [{ type: "text", text: `${error.code}: ${error.message}${wait}` }],
    structuredContent: body,
  };
};

const callTool = async (call: Call<unknown>, { params = {} }: McpMessage): Promise<JsonRecord> => {
  const { name, arguments: given = {} } = params;
  if (!isToolName(name)) throw new McpError(rpcCodes.invalidParams, "No tool has this name. tools/list names all.");
  try {
    const { text, images = [], data } = await runTool(call, name, parseWith(toolSchemas[name], given) as never);
    return { content: [{ type: "text", text }, ...images], ...(isRecord(data) ? { structuredContent: data } : {}) };
  } catch (thrown) {
    return failedTool(call, thrown);
  }
};

const listTools = (): JsonRecord => ({ tools: listedTools() });

const stateless = async (call: Call<unknown>, message: McpMessage): Promise<JsonRecord> => {
  checkEnvelope(message, call.headers);
  const meta = { [metaKeys.serverInfo]: serverInfo };
  const listed = { resultType: "complete", ttlMs: listTtlMs, cacheScope: "public", _meta: meta };
  switch (message.method) {
    case "server/discover":
      return { ...listed, supportedVersions: [statelessVersion, ...handshakeVersions], capabilities, instructions };
    case "tools/list":
      return { ...listed, ...listTools() };
    case "tools/call":
      return { resultType: "complete", _meta: meta, ...(await callTool(call, message)) };
    default:
      throw new McpError(rpcCodes.methodNotFound, "This server has no such method.", 404);
  }
};

const withHandshake = async (call: Call<unknown>, message: McpMessage): Promise<JsonRecord> => {
  switch (message.method) {
    case "initialize":
      return {
        protocolVersion: agreedVersion(message.params?.protocolVersion),
        capabilities,
        serverInfo,
        instructions,
      };
    case "ping":
      return {};
    case "tools/list":
      checkVersionHeader(call.headers);
      return listTools();
    case "tools/call":
      checkVersionHeader(call.headers);
      return callTool(call, message);
    default:
      throw new McpError(rpcCodes.methodNotFound, "This server has no such method.", 200);
  }
};

/** Answers one message. @throws GatewayError FORBIDDEN for a page of another origin */
export const serveMcp = async (call: Call<McpMessage>): Promise<EndpointResult> => {
  checkOrigin(call);
  const { body: message } = call;
  // A notification is taken note of: nothing here waits for one.
  if (message.id === undefined) return { status: 202 };
  try {
    const result = await (isStateless(message) ? stateless(call, message) : withHandshake(call, message));
    return { status: 200, json: rpcResult(message.id, result) };
  } catch (thrown) {
    if (!(thrown instanceof McpError)) throw thrown;
    return { status: thrown.status, json: rpcError(message.id, thrown) };
  }
};
