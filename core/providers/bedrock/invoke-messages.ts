import "#adapter";
import { Readable } from "node:stream";
import { claudeId } from "#core/catalog/bedrock-id.ts";
import { nativeMessages } from "#core/providers/anthropic/native-messages.ts";
import { passesNatively } from "#core/providers/anthropic/native-request.ts";
import type { ProviderResponse } from "#core/providers/http-transport.ts";
import { toProviderFailure } from "#core/providers/http-transport.ts";
import type { NativeRequest } from "#core/providers/native.ts";
import type { ProviderCall, ProviderReply } from "#core/providers/provider.ts";
import { isRecord, type JsonRecord, ownValue } from "#core/values/records.ts";
import { askBedrock } from "./ask.ts";
import { malformed } from "./errors.ts";
import { eventFrames } from "./event-frames.ts";

/** A Messages request to Claude over InvokeModel: Anthropic's own body, and its own answer. */

const bedrockVersion = "bedrock-2023-05-31";

/**
 * Names of `anthropic-beta` that Bedrock takes; it refuses a request that has any other. Reviewed on 2026-11-29 against AWS's
 * page on the parameters of Claude and what agents send. A name without its fields changes nothing, so one that is left out
 * does no harm.
 */
const bedrockBetas: ReadonlySet<string> = new Set([
  "context-1m-2025-08-07",
  "context-management-2025-06-27",
  "dev-full-thinking-2025-05-14",
  "effort-2025-11-24",
  "fine-grained-tool-streaming-2025-05-14",
  "interleaved-thinking-2025-05-14",
  "output-128k-2025-02-19",
  "token-efficient-tools-2025-02-19",
  "tool-examples-2025-10-29",
  "tool-search-tool-2025-10-19",
]);

/**
 * Fields of Anthropic's own API that are not part of the body that Bedrock takes, each with the values that ask for nothing
 * but the default.
 */
const notAtBedrock: Readonly<Record<string, readonly unknown[]>> = {
  container: [],
  mcp_servers: [],
  inference_geo: ["global"],
  service_tier: ["auto", "standard_only"],
  speed: ["standard"],
  cache_control: [],
};
/** Those without which the answer would be wrong. */
const needed = ["container", "mcp_servers", "inference_geo"] as const;

const asksFor = (body: JsonRecord, name: string): boolean => {
  const value = body[name];
  if (value === null || value === undefined || ownValue(notAtBedrock, name)?.includes(value) === true) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
};

const sources: ReadonlySet<unknown> = new Set(["url", "file"]);

/** Has an image or a document that Bedrock would have to fetch. */
const hasFarSource = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.some(hasFarSource)
    : isRecord(value) &&
      ((isRecord(value.source) && sources.has(value.source.type)) ||
        value.type === "container_upload" ||
        hasFarSource(value.content));

/**
 * Whether a request passes as it came. What needs Anthropic's own servers is translated instead, or refused where it cannot
 * be.
 */
export const passesToBedrock = (call: ProviderCall, native: NativeRequest): boolean =>
  passesNatively({ ...call, model: claudeId(call.model) ?? call.model }, native) &&
  !hasFarSource(native.body.messages) &&
  !needed.some((name) => asksFor(native.body, name));

const betasOf = (header: string | undefined): readonly string[] =>
  (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => bedrockBetas.has(name));

const toBody = (body: JsonRecord, betas: readonly string[]): JsonRecord => {
  const { model: _, stream: _stream, ...rest } = body;
  const kept = Object.fromEntries(Object.entries(rest).filter(([name]) => !Object.hasOwn(notAtBedrock, name)));
  return { anthropic_version: bedrockVersion, ...kept, ...(betas.length === 0 ? {} : { anthropic_beta: betas }) };
};

const parse = (text: string, what: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(`${what} is not JSON`);
  }
};

/** The chunks of InvokeModelWithResponseStream as the server-sent events that Anthropic itself sends. */
async function* serverSentEvents(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  for await (const frames of eventFrames(body)) {
    let text = "";
    for (const { type, payload } of frames) {
      if (type !== "chunk") continue;
      const chunk = parse(payload, "a chunk of the stream");
      if (!isRecord(chunk) || typeof chunk.bytes !== "string") throw malformed("a chunk of the stream has no bytes");
      const data = Buffer.from(chunk.bytes, "base64").toString("utf8");
      const event = parse(data, "an event of the stream");
      const name = isRecord(event) && typeof event.type === "string" ? event.type : "";
      text += `event: ${name}\ndata: ${data}\n\n`;
    }
    if (text !== "") yield Buffer.from(text);
  }
}

const asServerSent = (response: ProviderResponse, signal: AbortSignal): ProviderResponse => {
  const events = async function* () {
    try {
      yield* serverSentEvents(response.body);
    } catch (error) {
      throw toProviderFailure("bedrock", error, signal);
    }
  };
  const body = Readable.from(events(), { objectMode: false });
  const endEvents = body._destroy.bind(body);
  // A generator that awaits an event ends only once that event is there: a reader that leaves must not wait for it.
  body._destroy = (error, callback) => {
    response.body.destroy();
    endEvents(error, callback);
  };
  return {
    ...response,
    headers: { ...response.headers, "content-type": "text/event-stream" },
    body: body as ProviderResponse["body"],
  };
};

/** @throws ProviderFailure */
export const invokeMessages = async (call: ProviderCall, native: NativeRequest): Promise<ProviderReply> => {
  const reply = await nativeMessages(call, native, async ({ body, headers }) => {
    const asked = toBody(body as JsonRecord, betasOf(headers["anthropic-beta"]));
    if (call.request.stream !== true) return askBedrock(call, "invoke", asked);
    return asServerSent(await askBedrock(call, "invoke-with-response-stream", asked), call.signal);
  });
  const dropped = Object.keys(notAtBedrock).filter((name) => asksFor(native.body, name));
  return dropped.length === 0 ? reply : { ...reply, warnings: [...reply.warnings, ...dropped] };
};
