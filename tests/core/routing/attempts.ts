import type { ServerResponse } from "node:http";
import { afterEach } from "vitest";
import { resolveModel } from "#core/catalog/resolve.ts";
import { callChat } from "#core/chat/call-provider.ts";
import { chatSize } from "#core/chat/call-size.ts";
import { GatewayError } from "#core/errors.ts";
import { type AttemptsRequest, runAttempts } from "#core/generation/run-attempts.ts";
import type { Target } from "#core/routing/target.ts";
import { type ChatRequest, chatRequestSchema } from "#core/schemas/chat.ts";
import { type FakeProvider, type FakeProviderRequest, sse, startFakeProvider } from "#tests/support/fake-provider.ts";

/** Providers that answer as a test says, as targets of attempts. Closed after each test. */

export type Answering = (response: ServerResponse, request: FakeProviderRequest) => void;

export const json =
  (status: number, body: object, headers: Record<string, string> = {}): Answering =>
  (response) => {
    response
      .writeHead(status, { "content-type": "application/json", "retry-after-ms": "0", ...headers })
      .end(JSON.stringify(body));
  };
export const failing = (status: number, headers: Record<string, string> = {}): Answering =>
  json(status, { error: { message: `status ${status}`, type: "some_error", code: null } }, headers);
export const completion: Answering = json(200, {
  id: "chatcmpl-9",
  object: "chat.completion",
  created: 1,
  model: "gpt-5.2-2025",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "hello", refusal: null },
      finish_reason: "stop",
      logprobs: null,
    },
  ],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
});
export const reset: Answering = (response) => void response.destroy();
export const chunk = (delta: object, finish: string | null = null) => ({
  id: "chatcmpl-9",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason: finish }],
});
export const role = chunk({ role: "assistant", content: "" });
export const stream: Answering = (response) =>
  sse(response, [role, chunk({ content: "hello" }), chunk({}, "stop"), "data: [DONE]\n\n"]);
/** Opens a stream and breaks it before any content. */
export const streamCut: Answering = (response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`data: ${JSON.stringify(role)}\n\n`, () => response.destroy());
};

const servers: FakeProvider[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
/** A provider that answers its requests in order; the last answer stays. */
export const provider = async (...answers: readonly Answering[]): Promise<FakeProvider> => {
  const left = [...answers];
  const server = await startFakeProvider((request, response) => {
    const answer = left.length > 1 ? left.shift() : left[0];
    answer?.(response, request);
  });
  servers.push(server);
  return server;
};

export const target = (server: FakeProvider | undefined, name = "gpt-5.2", byok = false): Target => ({
  model: resolveModel(name),
  name,
  byok,
  credential: async () => (server === undefined ? undefined : { apiKey: "sk-test", baseUrl: server.url, byok }),
});

/** A chat request's attempts, with the room's own time and signal set by a test. */
export interface ChatAttempts
  extends Pick<
    AttemptsRequest<Target["model"], unknown>,
    "targets" | "retries" | "signal" | "abortReason" | "remainingMs" | "onAttempt"
  > {
  readonly request: ChatRequest;
  readonly completionId: string;
}

export const chatAttempts = ({ request, completionId, ...rest }: ChatAttempts) =>
  runAttempts({
    ...rest,
    call: callChat(request, chatSize(request), completionId),
    streamed: request.stream === true,
    namedFallbacks: request.fallback?.length ?? 0,
    hasTools: (request.tools?.length ?? 0) > 0,
  });

export const run = (
  targets: readonly Target[],
  changes: Partial<ChatAttempts> & { readonly stream?: boolean } = {},
) => {
  const { stream: streamed = false, ...rest } = changes;
  return chatAttempts({
    targets,
    request: chatRequestSchema.parse({ model: "gpt", messages: [{ role: "user", content: "hi" }], stream: streamed }),
    retries: 2,
    completionId: "chatcmpl-1",
    signal: new AbortController().signal,
    abortReason: () => new GatewayError("PROVIDER_TIMEOUT", "over"),
    remainingMs: () => 10_000,
    onAttempt: () => undefined,
    ...rest,
  });
};
export const refused = async (result: Promise<unknown>): Promise<GatewayError> => {
  const error = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof GatewayError) return error;
  throw error ?? new Error("It was not refused");
};
export const results = (attempts: readonly { readonly model: string; readonly result: string }[]): string[] =>
  attempts.map(({ model, result }) => `${model} ${result}`);
