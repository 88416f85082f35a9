import { GatewayError } from "#core/errors.ts";
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
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { runTool } from "./mcp-tools.ts";
import { reportError } from "./observe.ts";
import { originOf } from "./origin.ts";
import { parseWith } from "./parse-with.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

/** POST /api/mcp: one JSON-RPC message, one answer. Nothing is kept between two requests, in either form of the protocol. */

const serverInfo = { name: "concurred", title: "Concurred", version: "1" } as const;
const capabilities = { tools: { listChanged: false } } as const;
const instructions =
  "Ask models (chat), let several answer and get one (council), compare two (battle), make images (image) and videos (video, then video_status). Calls are billed to the key's owner.";
/** How long a list of tools may be kept, ms. */
const listTtlMs = 3_600_000;

/** Rejects pages of other origins even with a valid key, as the protocol requires. @throws GatewayError FORBIDDEN */
const checkOrigin = (call: Call<unknown>): void => {
  const { origin } = call.headers;
  if (origin === undefined || origin === originOf(call)) return;
  throw new GatewayError("FORBIDDEN", "This endpoint does not serve pages of other origins.", { param: "Origin" });
};

/** What a message is answered with. */
interface Answer {
  readonly result: JsonRecord;
  /** The HTTP status of a tool's failure, which the protocol answers with 200. */
  readonly refusedStatus?: number;
}

/** A tool's failure is its result: the model reads it and may do something else. Log and metrics count it as a failure. */
const failedTool = (call: Call<unknown>, thrown: unknown): Answer => {
  const error = reportError(call, thrown);
  // Headers are set by the client: a model cannot correct them.
  if (error.param?.startsWith("X-") === true) throw error;
  call.errorCode = error.code;
  const wait = error.retryAfterSeconds === undefined ? "" : ` Retry after ${error.retryAfterSeconds} s.`;
  const text = `${error.code}: ${error.message}${wait}`;
  return {
    result: { isError: true, content: [{ type: "text", text }], structuredContent: error.toBody() },
    refusedStatus: error.status,
  };
};

const callTool = async (call: Call<unknown>, { params = {} }: McpMessage): Promise<Answer> => {
  const { name, arguments: given = {} } = params;
  if (!isToolName(name)) throw new McpError(rpcCodes.invalidParams, "Unknown tool. tools/list returns all tools.");
  try {
    const { text, images = [], data } = await runTool(call, name, parseWith(toolSchemas[name], given) as never);
    const content = [{ type: "text", text }, ...images];
    return { result: { content, ...(isRecord(data) ? { structuredContent: data } : {}) } };
  } catch (thrown) {
    return failedTool(call, thrown);
  }
};

const listTools = (): JsonRecord => ({ tools: listedTools() });

const stateless = async (call: Call<unknown>, message: McpMessage): Promise<Answer> => {
  checkEnvelope(message, call.headers);
  const meta = { [metaKeys.serverInfo]: serverInfo };
  const listed = { resultType: "complete", ttlMs: listTtlMs, cacheScope: "public", _meta: meta };
  switch (message.method) {
    case "server/discover":
      return {
        result: { ...listed, supportedVersions: [statelessVersion, ...handshakeVersions], capabilities, instructions },
      };
    case "tools/list":
      return { result: { ...listed, ...listTools() } };
    case "tools/call": {
      const answer = await callTool(call, message);
      return { ...answer, result: { resultType: "complete", _meta: meta, ...answer.result } };
    }
    default:
      throw new McpError(rpcCodes.methodNotFound, "This server has no such method.", 404);
  }
};

const withHandshake = async (call: Call<unknown>, message: McpMessage): Promise<Answer> => {
  switch (message.method) {
    case "initialize":
      return {
        result: {
          protocolVersion: agreedVersion(message.params?.protocolVersion),
          capabilities,
          serverInfo,
          instructions,
        },
      };
    case "ping":
      return { result: {} };
    case "tools/list":
      checkVersionHeader(call.headers);
      return { result: listTools() };
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
  // Notifications are acknowledged and ignored.
  if (message.id === undefined) return { status: 202 };
  try {
    const { result, refusedStatus } = await (isStateless(message) ? stateless : withHandshake)(call, message);
    return { status: 200, json: rpcResult(message.id, result), refusedStatus };
  } catch (thrown) {
    if (!(thrown instanceof McpError)) throw thrown;
    return { status: thrown.status, json: rpcError(message.id, thrown) };
  }
};
