import type { IncomingMessage, ServerResponse } from "node:http";
import { EventStreamCodec } from "@smithy/eventstream-codec";
import { sessionFault } from "#infra/local/aws/sessions.ts";
import { signatureFault } from "#infra/local/aws/verify-signature.ts";
import { askedEmbeddings, vectorsOf } from "./bedrock-embeddings.ts";
import { passResponses, responsesPath } from "./bedrock-responses.ts";
import type { Journal } from "./journal.ts";
import { type JsonObject, objectOf, objectsOf, stringOf } from "./json.ts";
import { readBody } from "./read-body.ts";
import { tokensOf } from "./text-pieces.ts";

/**
 * Amazon Bedrock: Converse, ConverseStream and InvokeModel in AWS's forms and framing, in front of the simulated Anthropic,
 * which makes the answers. What Converse would refuse, it refuses.
 */

const route = /^\/bedrock\/model\/([^/]+)\/(converse|converse-stream|invoke|invoke-with-response-stream)$/;

const fields: ReadonlySet<string> = new Set(
  `messages system inferenceConfig toolConfig guardrailConfig additionalModelRequestFields outputConfig
   additionalModelResponseFieldPaths promptVariables requestMetadata performanceConfig serviceTier`.split(/\s+/),
);
const blockKinds = ["text", "image", "document", "toolUse", "toolResult", "reasoningContent", "cachePoint"] as const;

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString("utf8"),
  (text) => Buffer.from(text, "utf8"),
);
const frame = (kind: "event" | "exception", type: string, payload: object): Uint8Array =>
  codec.encode({
    headers: {
      ":message-type": { type: "string", value: kind },
      [kind === "event" ? ":event-type" : ":exception-type"]: { type: "string", value: type },
      ":content-type": { type: "string", value: "application/json" },
    },
    body: Buffer.from(JSON.stringify(payload)),
  });

class Refusal extends Error {
  readonly status: number;
  readonly type: string;
  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}
const invalid = (message: string): Refusal => new Refusal(400, "ValidationException", message);

const exceptionOf = (status: number): string =>
  ({
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    402: "ServiceQuotaExceededException",
    408: "ModelTimeoutException",
    413: "ValidationException",
    429: "ThrottlingException",
    500: "InternalServerException",
  })[status] ?? "ServiceUnavailableException";

const statusOf = (status: number): number =>
  status === 401 ? 403 : status === 402 ? 400 : status === 529 ? 503 : status;

const fromBlock = (block: JsonObject): readonly JsonObject[] => {
  const kinds = Object.keys(block).filter((name) => (blockKinds as readonly string[]).includes(name));
  if (kinds.length !== 1 || Object.keys(block).length !== 1) throw invalid("A content block has exactly one kind.");
  const { text, image, document, toolUse, toolResult, reasoningContent } = block;
  if (text !== undefined) {
    if (stringOf(text).trim() === "") throw invalid("The text field in the ContentBlock object is blank.");
    return [{ type: "text", text }];
  }
  if (image !== undefined) {
    const { format, source } = objectOf(image);
    if (!["png", "jpeg", "gif", "webp"].includes(stringOf(format))) throw invalid(`Image format ${String(format)}`);
    return [
      {
        type: "image",
        source: { type: "base64", media_type: `image/${String(format)}`, data: objectOf(source).bytes },
      },
    ];
  }
  if (document !== undefined) {
    const { name, source, format } = objectOf(document);
    if (!/^[a-zA-Z0-9 ()[\]-]{1,200}$/.test(stringOf(name))) throw invalid("The document file name is not valid.");
    const isText = format === "txt";
    const data = isText
      ? Buffer.from(stringOf(objectOf(source).bytes), "base64").toString("utf8")
      : objectOf(source).bytes;
    const type = isText ? "text" : "base64";
    return [
      { type: "document", source: { type, media_type: isText ? "text/plain" : "application/pdf", data }, title: name },
    ];
  }
  if (toolUse !== undefined) {
    const { toolUseId, name, input } = objectOf(toolUse);
    return [{ type: "tool_use", id: toolUseId, name, input }];
  }
  if (toolResult !== undefined) {
    const { toolUseId, content, status } = objectOf(toolResult);
    const error = status === "error" ? { is_error: true } : {};
    return [{ type: "tool_result", tool_use_id: toolUseId, content: objectsOf(content).flatMap(fromBlock), ...error }];
  }
  if (reasoningContent === undefined) return [];
  const { reasoningText, redactedContent } = objectOf(reasoningContent);
  if (redactedContent !== undefined) return [{ type: "redacted_thinking", data: redactedContent }];
  const { text: thinking, signature } = objectOf(reasoningText);
  return [{ type: "thinking", thinking, signature }];
};

const blocksOf = (content: unknown): readonly JsonObject[] => objectsOf(content).flatMap(fromBlock);

const fromChoice = (choice: JsonObject): JsonObject => {
  if (choice.any !== undefined) return { type: "any" };
  return choice.tool === undefined ? { type: "auto" } : { type: "tool", name: objectOf(choice.tool).name };
};

const claudeOf = (model: string): string =>
  /anthropic\.(claude-[a-z0-9-]+?)(?:-v\d+(?::\d+)?)?$/.exec(model)?.[1] ?? "claude-sonnet-4-5";

/** A Converse request as Anthropic's. */
const toMessages = (body: JsonObject, model: string, stream: boolean): JsonObject => {
  const unknown = Object.keys(body).find((name) => !fields.has(name));
  if (unknown !== undefined) throw invalid(`Unknown field ${unknown}`);
  const { maxTokens = 4_096, temperature, topP, stopSequences } = objectOf(body.inferenceConfig);
  const tools = objectsOf(objectOf(body.toolConfig).tools).flatMap((tool) => {
    if (tool.toolSpec === undefined) return [];
    const { name, description, inputSchema, strict } = objectOf(tool.toolSpec);
    return [{ name, description, input_schema: objectOf(inputSchema).json, ...(strict === true ? { strict } : {}) }];
  });
  const messages = objectsOf(body.messages).map(({ role, content }) => ({ role, content: blocksOf(content) }));
  const usesTools = messages.some(({ content }) =>
    content.some(({ type }) => type === "tool_use" || type === "tool_result"),
  );
  if (usesTools && tools.length === 0) {
    throw invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.");
  }
  const schema = objectOf(objectOf(objectOf(objectOf(body.outputConfig).textFormat).structure).jsonSchema).schema;
  const own = objectOf(body.additionalModelRequestFields);
  const config = {
    ...objectOf(own.output_config),
    ...(schema === undefined
      ? {}
      : { format: { type: "json_schema", schema: JSON.parse(stringOf(schema)) as unknown } }),
  };
  const choice = objectOf(body.toolConfig).toolChoice;
  return JSON.parse(
    JSON.stringify({
      model: claudeOf(model),
      max_tokens: maxTokens,
      messages,
      system: body.system === undefined ? undefined : blocksOf(body.system),
      tools: tools.length === 0 ? undefined : tools,
      tool_choice: choice === undefined ? undefined : fromChoice(objectOf(choice)),
      temperature,
      top_p: topP,
      stop_sequences: stopSequences,
      thinking: own.thinking,
      top_k: own.top_k,
      output_config: Object.keys(config).length === 0 ? undefined : config,
      stream: stream ? true : undefined,
    }),
  ) as JsonObject;
};

const toUsage = (usage: JsonObject): JsonObject => {
  const input = Number(usage.input_tokens ?? 0);
  const output = Number(usage.output_tokens ?? 0);
  const read = Number(usage.cache_read_input_tokens ?? 0);
  const written = Number(usage.cache_creation_input_tokens ?? 0);
  return {
    inputTokens: input,
    outputTokens: output,
    totalTokens: input + output + read + written,
    cacheReadInputTokens: read,
    cacheWriteInputTokens: written,
  };
};

const stopReasons: Readonly<Record<string, string>> = { refusal: "content_filtered" };
const toStop = (reason: unknown): string => stopReasons[stringOf(reason)] ?? stringOf(reason);

const toContent = (block: JsonObject): JsonObject => {
  switch (block.type) {
    case "text":
      return { text: block.text };
    case "tool_use":
      return { toolUse: { toolUseId: block.id, name: block.name, input: block.input } };
    case "thinking":
      return { reasoningContent: { reasoningText: { text: block.thinking, signature: block.signature } } };
    default:
      return { reasoningContent: { redactedContent: block.data } };
  }
};

const toDelta = (delta: JsonObject): JsonObject => {
  switch (delta.type) {
    case "text_delta":
      return { text: delta.text };
    case "input_json_delta":
      return { toolUse: { input: delta.partial_json } };
    case "thinking_delta":
      return { reasoningContent: { text: delta.thinking } };
    default:
      return { reasoningContent: { signature: delta.signature } };
  }
};

/** Anthropic's events as ConverseStream's. */
class ConverseEvents {
  #usage: JsonObject = {};

  convert(event: JsonObject): readonly Uint8Array[] {
    const contentBlockIndex = event.index;
    switch (event.type) {
      case "message_start":
        this.#usage = objectOf(objectOf(event.message).usage);
        return [frame("event", "messageStart", { role: "assistant" })];
      case "content_block_start": {
        const block = objectOf(event.content_block);
        if (block.type !== "tool_use") return [];
        const start = { toolUse: { toolUseId: block.id, name: block.name } };
        return [frame("event", "contentBlockStart", { contentBlockIndex, start })];
      }
      case "content_block_delta":
        return [frame("event", "contentBlockDelta", { contentBlockIndex, delta: toDelta(objectOf(event.delta)) })];
      case "content_block_stop":
        return [frame("event", "contentBlockStop", { contentBlockIndex })];
      case "message_delta": {
        const usage = toUsage({ ...this.#usage, ...objectOf(event.usage) });
        return [
          frame("event", "messageStop", { stopReason: toStop(objectOf(event.delta).stop_reason) }),
          frame("event", "metadata", { usage, metrics: { latencyMs: 1 } }),
        ];
      }
      case "error":
        return [frame("exception", "serviceUnavailableException", { message: objectOf(event.error).message })];
      default:
        return [];
    }
  }
}

/** The JSON of each `data:` line as it arrives. */
async function* eventsIn(body: AsyncIterable<Uint8Array>): AsyncGenerator<JsonObject> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of body) {
    text += decoder.decode(part, { stream: true });
    const lines = text.split(/\r?\n/);
    text = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data:")) yield objectOf(JSON.parse(line.slice("data:".length)));
  }
}

const isSigned = ({ headers }: IncomingMessage): boolean => headers.authorization?.startsWith("AWS4-") === true;

const bearerOf = (request: IncomingMessage): string =>
  isSigned(request) ? "signed" : (request.headers.authorization ?? "").replace(/^Bearer\s+/i, "");

/** @throws Refusal for a signature that AWS would not take */
const checkSignature = async (request: IncomingMessage, body: string): Promise<void> => {
  if (!isSigned(request)) return;
  const { method = "", url = "", headers } = request;
  const fault = await signatureFault({ method, url, headers, body }, "bedrock");
  if (fault !== undefined) throw new Refusal(403, fault.type, fault.message);
  const accessKeyId = /Credential=([^/]+)/.exec(headers.authorization ?? "")?.[1] ?? "";
  const streamed = url.includes("stream") || (url.endsWith(responsesPath) && /"stream":\s*true/.test(body));
  const right = streamed ? "InvokeModelWithResponseStream" : "InvokeModel";
  const actions = [`bedrock:${right}`, ...(body.includes('"guardrailConfig"') ? ["bedrock:ApplyGuardrail"] : [])];
  for (const action of actions) {
    const refusal = sessionFault(accessKeyId, action, "arn:aws:bedrock:us-east-1::foundation-model/any");
    if (refusal !== undefined) throw new Refusal(403, refusal.type, refusal.message);
  }
};

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly origin: string;
}

interface OpenExchange extends Exchange {
  /** Fires when the caller is gone. */
  readonly signal: AbortSignal;
}

/** @throws Refusal for a body that the model does not take */
const answerEmbeddings = async (response: ServerResponse, model: string, body: JsonObject): Promise<boolean> => {
  const asked = askedEmbeddings(model, body);
  if (asked === undefined) return false;
  if (typeof asked === "string") throw invalid(asked);
  const status = Number(/\[\[simulate: status=(\d{3})/.exec(asked.texts.join(" "))?.[1] ?? 200);
  if (status !== 200) throw new Refusal(statusOf(status), exceptionOf(status), "Simulated");
  const tokens = asked.texts.reduce((sum, text) => sum + tokensOf(text.length), 0);
  response
    .writeHead(200, { "content-type": "application/json", "x-amzn-bedrock-input-token-count": String(tokens) })
    .end(JSON.stringify(asked.answer(vectorsOf(asked), tokens)));
  return true;
};

const messageIn = (text: string): string => {
  try {
    return stringOf(objectOf(objectOf(JSON.parse(text)).error).message);
  } catch {
    // A page of a proxy.
    return "";
  }
};

const answer = async (
  { request, response, origin, signal }: OpenExchange,
  model: string,
  operation: string,
  body: JsonObject,
) => {
  const streamed = operation.endsWith("stream");
  const isConverse = operation.startsWith("converse");
  if (/^(invalid|placeholder)?(-|$)/i.test(bearerOf(request))) {
    throw new Refusal(403, "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid.");
  }
  if (!/^[a-z]/.test(model) || model.startsWith("none.")) throw invalid("The provided model identifier is invalid.");
  if (operation === "invoke" && (await answerEmbeddings(response, model, body))) return;
  const { anthropic_version: _, anthropic_beta: betas, ...invoked } = body;
  const asked = isConverse
    ? toMessages(body, model, streamed)
    : { ...invoked, model: claudeOf(model), ...(streamed ? { stream: true } : {}) };
  const upstream = await fetch(`${origin}/anthropic/v1/messages`, {
    method: "POST",
    signal,
    headers: {
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      "x-api-key": bearerOf(request),
      ...(Array.isArray(betas) ? { "anthropic-beta": betas.join(",") } : {}),
    },
    body: JSON.stringify(asked),
  });
  if (!upstream.ok) {
    const message = messageIn(await upstream.text());
    const wait = upstream.headers.get("retry-after");
    if (wait !== null) response.setHeader("retry-after", wait);
    throw new Refusal(statusOf(upstream.status), exceptionOf(upstream.status), message);
  }
  if (!streamed) {
    const text = await upstream.text();
    const message = objectOf(JSON.parse(text));
    if (message.type === "error") throw new Refusal(503, "ServiceUnavailableException", messageIn(text));
    const content = objectsOf(message.content).map(toContent);
    const converse = {
      output: { message: { role: "assistant", content } },
      stopReason: toStop(message.stop_reason),
      usage: toUsage(objectOf(message.usage)),
      metrics: { latencyMs: 1 },
    };
    response.writeHead(200, { "content-type": "application/json" }).end(isConverse ? JSON.stringify(converse) : text);
    return;
  }
  response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
  const events = new ConverseEvents();
  for await (const event of eventsIn(upstream.body as unknown as AsyncIterable<Uint8Array>)) {
    const bytes = Buffer.from(JSON.stringify(event)).toString("base64");
    const frames = isConverse ? events.convert(event) : [frame("event", "chunk", { bytes })];
    for (const each of frames) response.write(each);
  }
  response.end();
};

/** Answers a request of Bedrock. False for any other. */
export const answerBedrock = async (exchange: Exchange, journal: Journal): Promise<boolean> => {
  const { request, response } = exchange;
  const { pathname } = new URL(request.url ?? "/", "http://simulated");
  const [, model = "", operation = ""] = route.exec(pathname) ?? [];
  if ((operation === "" && pathname !== `/bedrock${responsesPath}`) || request.method !== "POST") return false;
  const entry = journal.add("bedrock", "POST", pathname.slice("/bedrock".length), request.headers);
  const left = new AbortController();
  response.once("close", () => {
    entry.close(response.writableFinished);
    left.abort();
  });
  try {
    const { body, text } = await readBody(request);
    entry.update({ body });
    await checkSignature(request, text);
    entry.update({ status: 200 });
    const open = { ...exchange, signal: left.signal };
    if (operation === "") entry.update({ status: await passResponses({ ...open, bearer: bearerOf(request) }, body) });
    else await answer(open, decodeURIComponent(model), operation, body);
  } catch (thrown) {
    const refusal = thrown instanceof Refusal ? thrown : undefined;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    // What the simulated Anthropic broke off is broken off here.
    if (response.headersSent || refusal === undefined) {
      response.destroy();
      return true;
    }
    entry.update({ status: refusal.status });
    response
      .writeHead(refusal.status, { "content-type": "application/json", "x-amzn-errortype": `${refusal.type}:` })
      .end(JSON.stringify({ message }));
  }
  return true;
};
