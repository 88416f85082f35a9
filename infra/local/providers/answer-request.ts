import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { composeBody, composeParts, directivesOf, type Question, streams } from "./compose-answer.ts";
import { checkCredentials } from "./credentials.ts";
import { type Directives, UnknownDirective } from "./directives.ts";
import type { ErrorBody } from "./error-bodies.ts";
import { playParts, stall } from "./event-player.ts";
import type { JournalEntry } from "./journal.ts";
import { objectsOf } from "./json.ts";
import type { ProviderProfile, SimulatedProviderId } from "./profiles.ts";
import { readBody } from "./read-body.ts";
import { ProviderRefusal } from "./refusal.ts";
import type { WireEngine } from "./wire-engine.ts";

/** One request on its way through a simulated provider. */
export interface Exchange {
  readonly provider: SimulatedProviderId;
  readonly profile: ProviderProfile;
  /** As the provider has it, without query. */
  readonly path: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: JournalEntry;
  readonly engine: WireEngine;
  readonly chunkDelayMs: number;
  readonly signal: AbortSignal;
}

const maximumJournalBytes = 1024 * 1024;
const htmlPage =
  "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";

const statusMessages: Readonly<Record<number, string>> = {
  400: "The simulated provider refuses this request.",
  401: "The simulated provider refuses this key.",
  402: "The simulated account has no credits left.",
  403: "The simulated provider forbids this.",
  404: "This model does not exist at the simulated provider.",
  429: "Rate limit reached at the simulated provider. Please try again later.",
  503: "The simulated provider is overloaded. Please try again later.",
  529: "Overloaded",
};

const scriptedRefusal = (status: number, { code, message, retryAfterSeconds }: Directives): ProviderRefusal =>
  new ProviderRefusal(
    status,
    message ?? statusMessages[status] ?? "The simulated provider had an error while processing your request.",
    {
      code,
      retryAfterSeconds,
    },
  );

const sendJson = (
  exchange: Exchange,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): void => {
  exchange.entry.update({ status });
  exchange.response.writeHead(status, { ...headers, "content-type": "application/json" });
  exchange.response.end(JSON.stringify(body));
};

const sendRefusal = (exchange: Exchange, refusal: ProviderRefusal, form: ErrorBody, status = refusal.status): void => {
  const { requestId, headers } = exchange.profile.headers();
  const retryAfter = refusal.retryAfterSeconds;
  sendJson(exchange, status, form(refusal, requestId), {
    ...headers,
    ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
  });
};

/** Does what is scripted in place of an answer. True if that was all. */
const failInstead = async (exchange: Exchange, directives: Directives): Promise<boolean> => {
  const { profile, response, request, entry, signal } = exchange;
  if (directives.firstDelayMs !== undefined) await sleep(directives.firstDelayMs, undefined, { signal });
  if (directives.reset) {
    entry.update({ state: "fault" });
    request.socket.resetAndDestroy();
    return true;
  }
  if (directives.htmlBadGateway) {
    entry.update({ status: 502 });
    response.writeHead(502, { "content-type": "text/html" }).end(htmlPage);
    return true;
  }
  if (directives.status === 401) throw profile.credentials.invalid();
  if (directives.status !== undefined) throw scriptedRefusal(directives.status, directives);
  if (directives.errorWithStatus200) {
    sendRefusal(exchange, scriptedRefusal(profile.overloadedStatus, directives), profile.errorInside200, 200);
    return true;
  }
  return false;
};

const sendWhole = async (exchange: Exchange, question: Question): Promise<void> => {
  const { response, entry, profile, signal } = exchange;
  const { cutAfter, stallAfter, garbageAfter } = question.directives;
  const text = JSON.stringify(await composeBody(question));
  const body = Buffer.from(garbageAfter === undefined ? text : text.slice(0, text.length / 2));
  entry.update({ status: 200 });
  response.writeHead(200, {
    ...profile.headers().headers,
    "content-type": "application/json",
    "content-length": body.length,
  });
  if (cutAfter === undefined && stallAfter === undefined) {
    response.end(body);
    return;
  }
  entry.update({ state: "fault" });
  await new Promise((resolve) => response.write(body.subarray(0, body.length / 2), resolve));
  if (cutAfter === undefined) await stall(signal);
  else response.destroy();
};

const sendStream = async (exchange: Exchange, question: Question): Promise<void> => {
  const { response, entry, profile, signal, provider } = exchange;
  const parts = await composeParts(question);
  const { requestId, headers } = profile.headers();
  const failure = profile.errorInStream(scriptedRefusal(profile.overloadedStatus, question.directives), requestId);
  entry.update({ status: 200 });
  response.writeHead(200, {
    ...headers,
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
  });
  response.socket?.setNoDelay(true);
  response.flushHeaders();
  if (provider === "openrouter") response.write(": OPENROUTER PROCESSING\n\n");
  await playParts(response, parts, {
    directives: question.directives,
    chunkDelayMs: exchange.chunkDelayMs,
    errorPart: { event: profile.errorEventName, data: objectsOf([failure].flat())[0] ?? {}, kind: "end" },
    signal,
    onFault: () => entry.update({ state: "fault" }),
  });
};

/** Calls that cost nothing, with which a key is tested: the list of models, which at OpenRouter anyone may read. */
const isFreeList = (provider: SimulatedProviderId, { basePath }: ProviderProfile, path: string): boolean => {
  if (provider === "openrouter") return path === `${basePath}/key`;
  return path === (provider === "anthropic" ? "/v1/models" : `${basePath}/models`);
};

const answer = async (exchange: Exchange): Promise<void> => {
  const { profile, request, path, entry, provider, engine, signal } = exchange;
  if (request.method === "GET" && isFreeList(provider, profile, path)) {
    checkCredentials(request.headers, profile.credentials, profile.takesApiKeyHeader);
    entry.update({ status: 200 });
    const body = provider === "openrouter" ? { data: { label: "simulated" } } : { object: "list", data: [] };
    exchange.response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    return;
  }
  const endpoint = profile.endpoints[path];
  if (endpoint === undefined || request.method !== "POST")
    throw new ProviderRefusal(404, `Invalid URL (${request.method} ${path})`);
  const { body, byteLength } = await readBody(request);
  entry.update(byteLength > maximumJournalBytes ? {} : { body });
  checkCredentials(request.headers, profile.credentials, profile.takesApiKeyHeader);
  endpoint.validate(body, request.headers);
  const directives = directivesOf(endpoint.surface, body);
  if (await failInstead(exchange, directives)) return;
  const question: Question = { surface: endpoint.surface, provider, body, directives, engine, signal };
  if (body.stream === true && streams(endpoint.surface)) await sendStream(exchange, question);
  else await sendWhole(exchange, question);
};

/** Answers one request as its provider would. Never throws: what goes wrong in here is that provider's 500, and says so. */
export const answerRequest = async (exchange: Exchange): Promise<void> => {
  const { profile, response, signal } = exchange;
  try {
    await answer(exchange);
  } catch (thrown) {
    // The client left while we waited: there is nobody to tell.
    if (signal.aborted) return;
    if (thrown instanceof ProviderRefusal) return sendRefusal(exchange, thrown, profile.error);
    if (thrown instanceof UnknownDirective)
      return sendRefusal(exchange, new ProviderRefusal(400, thrown.message), profile.error);
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    if (!response.headersSent)
      return sendRefusal(
        exchange,
        new ProviderRefusal(500, `The simulated provider itself failed: ${reason}`),
        profile.error,
      );
    console.error(`A simulated provider failed in the middle of an answer: ${reason}`);
    response.destroy();
  }
};
