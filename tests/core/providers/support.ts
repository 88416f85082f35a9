import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AwsIdentity } from "#core/aws/signature.ts";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type {
  ChatCompletion,
  CompletionReply,
  CustomAccess,
  ProviderCall,
  ProviderCredential,
  ProviderReply,
  StreamReply,
} from "#core/providers/provider.ts";
import { chatProvider } from "#core/providers/registry.ts";
import { type ChatRequest, chatRequestSchema } from "#core/schemas/chat.ts";

/** A request as it leaves the gateway's validation. */
export const chatRequest = (fields: Record<string, unknown> = {}): ChatRequest =>
  chatRequestSchema.parse({ model: "x", messages: [{ role: "user", content: "Hi" }], ...fields });

export interface CallOptions {
  readonly provider: ChatProviderId;
  readonly model: string;
  readonly baseUrl?: string;
  readonly byok?: boolean;
  readonly signal?: AbortSignal;
  readonly custom?: CustomAccess | undefined;
  /** Signs the call in place of a key. */
  readonly aws?: AwsIdentity | undefined;
}

const credentialOf = ({
  byok = false,
  baseUrl = "http://127.0.0.1:1",
  custom,
  aws,
}: CallOptions): ProviderCredential =>
  aws === undefined ? { apiKey: "a-test-key", byok, baseUrl, custom } : { aws, byok, baseUrl };

/** A call of a provider's adapter. */
export const providerCall = (fields: Record<string, unknown>, options: CallOptions): ProviderCall => ({
  provider: options.provider,
  model: options.model,
  request: chatRequest(fields),
  credential: credentialOf(options),
  completionId: "chatcmpl_test",
  signal: options.signal ?? new AbortController().signal,
  timeouts: { headersMs: 5_000, idleMs: 5_000 },
});

/** Calls a provider through the registry, as routing does. */
export const callProvider = async (fields: Record<string, unknown>, options: CallOptions): Promise<ProviderReply> => {
  const provider = await chatProvider(options.provider);
  return provider.chat(providerCall(fields, options));
};

export interface Chunk {
  readonly id: string;
  readonly model: string;
  readonly usage?: unknown;
  readonly choices: readonly {
    readonly index: number;
    readonly delta: Readonly<Record<string, unknown>> & {
      readonly role?: string;
      readonly content?: string | null;
      readonly reasoning_content?: string | null;
      readonly refusal?: string | null;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly type?: string;
        readonly function?: { readonly name?: string; readonly arguments?: string };
        readonly custom?: { readonly name?: string; readonly input?: string };
        readonly extra_content?: unknown;
      }[];
    };
    readonly finish_reason?: string | null;
  }[];
}

/** The chunks of a text of frames; fails on anything that is not exactly a frame. */
export const chunksOf = (text: string): Chunk[] =>
  text
    .split("\n\n")
    .filter((frame) => frame !== "")
    .map((frame) => {
      if (!frame.startsWith("data: ") || frame.includes("\n")) throw new Error(`Not a frame: ${frame}`);
      return JSON.parse(frame.slice("data: ".length)) as Chunk;
    });

interface FunctionCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
  extra_content?: unknown;
}

interface CustomCall {
  id: string;
  type: "custom";
  custom: { name: string; input: string };
}

export interface Assembled {
  content: string;
  reasoning: string;
  refusal: string;
  reasoningDetails: unknown[];
  /** Of functions. */
  toolCalls: FunctionCall[];
  /** Of every kind, in the order of their indexes. */
  calls: (FunctionCall | CustomCall)[];
  finish: string | null;
}

type CallDelta = NonNullable<Chunk["choices"][number]["delta"]["tool_calls"]>[number];

const begunCall = ({
  id,
  type,
  function: called,
  custom,
  extra_content: extra,
}: CallDelta): FunctionCall | CustomCall => {
  if (id === undefined || (type !== "function" && type !== "custom"))
    throw new Error("A call begins without id or type");
  return type === "custom"
    ? { id, type, custom: { name: custom?.name ?? "", input: custom?.input ?? "" } }
    : {
        id,
        type,
        function: { name: called?.name ?? "", arguments: called?.arguments ?? "" },
        ...(extra === undefined ? {} : { extra_content: extra }),
      };
};

/** What a client that follows OpenAI's rules makes of the chunks. Fails where they break the contract. */
export const assemble = (chunks: readonly Chunk[]): Assembled => {
  const message: Assembled = {
    content: "",
    reasoning: "",
    refusal: "",
    reasoningDetails: [],
    toolCalls: [],
    calls: [],
    finish: null,
  };
  if (chunks[0]?.choices[0]?.delta.role !== "assistant") throw new Error("The first delta does not name the role");
  for (const { choices, usage } of chunks) {
    if (usage !== undefined && usage !== null) throw new Error("A usage leaked");
    for (const { delta, finish_reason: finish = null } of choices) {
      if (message.finish !== null) throw new Error("Something follows the finish reason");
      if (finish !== null && Object.keys(delta).length > 0) throw new Error("The last delta is not empty");
      message.content += delta.content ?? "";
      message.reasoning += delta.reasoning_content ?? "";
      message.refusal += delta.refusal ?? "";
      message.reasoningDetails.push(...((delta.reasoning_details as unknown[] | undefined) ?? []));
      for (const call of delta.tool_calls ?? []) {
        const known = message.calls[call.index];
        if (known === undefined) message.calls[call.index] = begunCall(call);
        else if (known.type === "custom") known.custom.input += call.custom?.input ?? "";
        else known.function.arguments += call.function?.arguments ?? "";
      }
      message.finish = finish ?? message.finish;
    }
  }
  return { ...message, toolCalls: message.calls.filter((call) => call.type === "function") };
};

export const completionOf = async (
  fields: Record<string, unknown>,
  options: CallOptions,
): Promise<CompletionReply & { readonly completion: ChatCompletion }> => {
  const reply = await callProvider(fields, options);
  if (reply.kind !== "completion") throw new Error("Expected a completion");
  return reply;
};

export interface Drained {
  readonly reply: StreamReply;
  readonly text: string;
  readonly chunks: readonly Chunk[];
  /** What ended the stream early. */
  readonly failure: unknown;
}

/** Streams an answer to its end, or to the fault. */
export const streamOf = async (fields: Record<string, unknown>, options: CallOptions): Promise<Drained> => {
  const reply = await callProvider({ stream: true, ...fields }, options);
  if (reply.kind !== "stream") throw new Error("Expected a stream");
  let text = "";
  let failure: unknown;
  try {
    for await (const part of reply.frames) text += part.toString();
  } catch (thrown) {
    failure = thrown;
  }
  return { reply, text, chunks: chunksOf(text), failure };
};

/** What a promise is rejected with. */
export const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It was accepted");
};

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Upstream {
  readonly baseUrl: string;
  readonly requests: readonly SeenRequest[];
  readonly close: () => Promise<void>;
}

/** A raw HTTP server in a provider's place: notes each request and answers as it is told. */
export const startUpstream = async (
  answer: (response: ServerResponse, request: SeenRequest) => void | Promise<void>,
): Promise<Upstream> => {
  const requests: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const seen = {
      path: request.url ?? "",
      headers: request.headers,
      body: JSON.parse(Buffer.concat(parts).toString("utf8")) as SeenRequest["body"],
    };
    requests.push(seen);
    await answer(response, seen);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

export const sendSse = (response: ServerResponse, text: string): void => {
  response.writeHead(200, { "content-type": "text/event-stream" }).end(text);
};

export const sendJson = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

export const weatherTool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather of a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer" } },
      required: ["city"],
      additionalProperties: false,
    },
  },
} as const;
