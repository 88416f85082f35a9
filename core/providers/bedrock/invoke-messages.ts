import { Readable } from "node:stream";
import { nativeMessages } from "#core/providers/anthropic/native-messages.ts";
import { passesNatively } from "#core/providers/anthropic/native-request.ts";
import type { ProviderResponse } from "#core/providers/http-transport.ts";
import { toProviderFailure } from "#core/providers/http-transport.ts";
import type { NativeRequest } from "#core/providers/native.ts";
import type { ProviderCall, ProviderReply } from "#core/providers/provider.ts";
import { isRecord, type JsonRecord } from "#core/values/is-record.ts";
import { askBedrock } from "./ask.ts";
import { malformed } from "./errors.ts";
import { eventFrames } from "./event-frames.ts";
import { claudeId } from "./model-id.ts";

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

/** Features of Anthropic's own API that are not part of the body that Bedrock takes. */
const notAtBedrock = ["container", "mcp_servers", "service_tier", "speed", "inference_geo", "cache_control"] as const;

const hasUrlSource = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.some(hasUrlSource)
    : isRecord(value) && ((isRecord(value.source) && value.source.type === "url") || hasUrlSource(value.content));

/** Whether a request passes as it came. What needs Anthropic's own servers is translated instead. */
export const passesToBedrock = (call: ProviderCall, native: NativeRequest): boolean =>
  passesNatively({ ...call, model: claudeId(call.model) ?? call.model }, native) && !hasUrlSource(native.body.messages);

const betasOf = (header: string | undefined): readonly string[] =>
  (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => bedrockBetas.has(name));

const toBody = (body: JsonRecord, betas: readonly string[]): JsonRecord => {
  const { model: _, stream: _stream, ...rest } = body;
  const kept = Object.fromEntries(Object.entries(rest).filter(([name]) => !notAtBedrock.some((each) => each === name)));
  return { anthropic_version: bedrockVersion, ...kept, ...(betas.length === 0 ? {} : { anthropic_beta: betas }) };
};

/** The chunks of InvokeModelWithResponseStream as the server-sent events that Anthropic itself sends. */
async function* serverSentEvents(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  for await (const frames of eventFrames(body)) {
    let text = "";
    for (const { type, payload } of frames) {
      if (type !== "chunk") continue;
      const chunk: unknown = JSON.parse(payload);
      if (!isRecord(chunk) || typeof chunk.bytes !== "string") throw malformed("a chunk of the stream has no bytes");
      const data = Buffer.from(chunk.bytes, "base64").toString("utf8");
      const event: unknown = JSON.parse(data);
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
  const body = Readable.from(events(), { objectMode: false }) as unknown as ProviderResponse["body"];
  return { ...response, headers: { ...response.headers, "content-type": "text/event-stream" }, body };
};

/** @throws ProviderFailure */
export const invokeMessages = (call: ProviderCall, native: NativeRequest): Promise<ProviderReply> =>
  nativeMessages(call, native, async ({ body, headers }) => {
    const asked = toBody(body as JsonRecord, betasOf(headers["anthropic-beta"]));
    if (call.request.stream !== true) return askBedrock(call, "invoke", asked);
    return asServerSent(await askBedrock(call, "invoke-with-response-stream", asked), call.signal);
  });
