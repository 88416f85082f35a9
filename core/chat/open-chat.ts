import { cacheSettings } from "#core/cache/cache-settings.ts";
import { loadBedrock } from "#core/catalog/load-bedrock.ts";
import type { RequestContext } from "#core/context.ts";
import type { Caller } from "#core/generation/caller.ts";
import type { DialectName, NativeRequest } from "#core/providers/native.ts";
import { ratedCaller } from "#core/ratings/rated-caller.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { ChatGeneration } from "./chat-generation.ts";
import { hostTools } from "./choices.ts";
import type { OpenChat } from "./opened-chat.ts";
import { prepareRequest } from "./prepare-request.ts";
import type { PreferringRequest } from "./provider-preferences.ts";

/** What a chat completion is asked with. */
export interface ChatOpening {
  readonly body: ChatRequest;
  /** `X-Cache`, `X-Cache-TTL`, `X-Guardrails` and the headers of the gateway's fields (header-fields.ts) are read. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly caller: Caller;
  /** How long the answer may take where neither the request nor its preset says it, ms; the usual time unless given. */
  readonly defaultTimeoutMs?: number;
  /** How the client asked, where it could have asked otherwise. */
  readonly dialect?: DialectName | undefined;
  /** The same request in the dialect in which it came. */
  readonly native?: NativeRequest | undefined;
}

/** Whether the chat completion is all that is asked for: the cache finds answers by it, and knows nothing of the rest. */
const isWhole = (native: NativeRequest | undefined): boolean =>
  native === undefined ||
  (native.operation === undefined && native.refusal === undefined && native.untranslatable === undefined);

/** Few requests have anything but text: the others do not load the check. @throws GatewayError BAD_REQUEST */
const checkUrlsIn = async (request: ChatRequest): Promise<void> => {
  const isText = ({ content }: ChatRequest["messages"][number]): boolean =>
    !Array.isArray(content) || content.every(({ type }: { readonly type: string }) => type === "text");
  if (!request.messages.every(isText)) (await import("./check-urls.ts")).checkUrls(request);
};

const fieldHeaders = ["x-fallback", "x-load-balance", "x-retries", "x-timeout-ms", "x-provider-preferences"];

/** A request with what its headers say. Few requests have such headers: the others do not load what reads them. */
const withFieldsOf = async (request: ChatRequest, headers: ChatOpening["headers"]): Promise<ChatRequest> => {
  if (fieldHeaders.every((name) => headers[name] === undefined)) return request;
  // They may name any model.
  await loadBedrock();
  return (await import("./header-fields.ts")).withHeaderFields(request, headers);
};

/** Who serves the model, where the request says something of that. Few do: the others do not load what reads it. */
const withPreferencesOf = async (request: ChatRequest, caller: Caller): Promise<PreferringRequest> => {
  const { provider } = request as { readonly provider?: unknown };
  if (typeof provider !== "object" || provider === null) return { request, hosts: undefined };
  return (await import("./provider-preferences.ts")).takePreferences(request, hostTools(request, caller));
};

/** Few answers are under guardrails: the others do not load what judges them. */
const guarding = (): Promise<typeof import("./guarded-answer.ts")> => import("./guarded-answer.ts");

/**
 * Makes a chat completion of a request: its prompt rendered, its input judged, its cache and provider key chosen. Every
 * endpoint whose answer is one model's goes through here. @throws GatewayError
 */
export const openChat = async (
  call: RequestContext,
  { body, headers, caller, defaultTimeoutMs, dialect, native: asked }: ChatOpening,
): Promise<OpenChat> => {
  const named = await withFieldsOf(body, headers);
  const timed =
    defaultTimeoutMs === undefined || named.timeout !== undefined ? named : { ...named, timeout: defaultTimeoutMs };
  const prepared = await prepareRequest(timed, headers, call.verdict);
  const { outputGuard } = prepared;
  const { request, hosts } = await withPreferencesOf(prepared.request, caller);
  // A guardrail reads and changes chat completions: under one, everything is translated.
  const native = prepared.untouched ? asked : undefined;
  if (native === undefined && asked !== undefined) {
    const refusal = asked.untranslatable ?? asked.refusal;
    if (refusal !== undefined) throw refusal;
  }
  if (prepared.findings.length > 0) {
    call.guardrailFindings = prepared.findings.map(({ type }) => type);
    call.log.guardrail_findings = call.guardrailFindings;
  }
  await checkUrlsIn(request);
  const chat = await ChatGeneration.of(call, request, {
    ...(await ratedCaller(caller, [request.model], call.startedAtMs)),
    dialect,
    cache: isWhole(native) ? cacheSettings(headers, request) : undefined,
    guardrailsKey: prepared.guardrailsKey,
    promptVersion: prepared.promptVersion,
    native,
    hosts,
  });
  const open: OpenChat = {
    signal: chat.signal,
    fail: (thrown) => chat.fail(thrown),
    bill: () => chat.bill,
    whole: async () => {
      const { completion, headers: answered, native: given } = await chat.run();
      return {
        native: given,
        completion:
          outputGuard === undefined
            ? completion
            : await (await guarding()).guardedCompletion(completion, chat, outputGuard),
        headers: { ...answered, ...prepared.headers },
      };
    },
    stream: async () => {
      const { frames, headers: answered, native: given } = await chat.start();
      return {
        native: given,
        frames: outputGuard === undefined ? frames : await (await guarding()).guardedFrames(frames, chat, outputGuard),
        headers: { ...answered, ...prepared.headers },
      };
    },
  };
  // Few keys record what is said: the others do not load what reads it.
  return caller.principal.limits?.contentDays === undefined
    ? open
    : (await import("./recorded-chat.ts")).recordedChat(open, { call, caller, chat, request, outputGuard });
};
