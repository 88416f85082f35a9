import type { ByokProvider } from "#core/db/provider-key-rows.ts";
import { GatewayError } from "#core/errors.ts";
import { OutboundError, readText, send, toOutboundError } from "#core/outbound/transport.ts";
import { askWithKey } from "#core/providers/ask-with-key.ts";
import { bedrockAccess } from "#core/providers/bedrock/access.ts";
import { limitField } from "#core/providers/custom/limit-field.ts";
import { readError } from "#core/providers/openai/error-facts.ts";
import { type KeyCredential, type ProviderCredential, ProviderFailure } from "#core/providers/provider.ts";
import { safeMessage, withoutKey } from "#core/providers/safe-message.ts";
import { bedrockBaseUrl, defaultBedrockRegion } from "#core/upstreams.ts";
import { isRecord } from "#core/values/records.ts";
import { assumeCallersRole, type CallersRole } from "./role-sessions.ts";

/**
 * Asks a provider whether it takes a key, with the cheapest call that the provider has: one that lists or reads, and costs
 * nothing. Nothing of it is logged.
 */

export interface KeyTest {
  readonly ok: boolean;
  /** Of the provider's answer; null where none came. */
  readonly status: number | null;
  /** The provider's own words, without anything that looks like a key; null where it accepted the key. */
  readonly message: string | null;
  readonly latencyMs: number;
}

interface Probe {
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly header: "authorization" | "x-api-key" | "x-key" | "fal";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Refusals of the request, which only a good key gets. Without them an answer has to be a success, and name no error. */
  readonly provedBy?: ReadonlySet<number>;
}

const badRequest: ReadonlySet<number> = new Set([400, 422]);
const noSuchThing: ReadonlySet<number> = new Set([...badRequest, 404, 405]);

const anthropicVersion = { "anthropic-version": "2023-06-01" } as const;
const modelsOf = (header: Probe["header"]): Probe => ({ path: "/models", header });
const claudeModels: Probe = { path: "/v1/models", header: "x-api-key", headers: anthropicVersion };

const probes: Readonly<Record<Exclude<ByokProvider, "custom">, Probe>> = {
  openai: modelsOf("authorization"),
  anthropic: claudeModels,
  google: modelsOf("authorization"),
  "x-ai": modelsOf("authorization"),
  // Its list of models is public.
  openrouter: { path: "/key", header: "authorization" },
  minimax: { method: "POST", path: "/get_voice", header: "authorization", body: { voice_type: "system" } },
  fashn: { path: "/credits", header: "authorization" },
  // It has no such call: the status of a request that was never made.
  fal: {
    path: "/fal-ai/flux/requests/00000000-0000-0000-0000-000000000000/status",
    header: "fal",
    provedBy: noSuchThing,
  },
  bfl: { path: "/credits", header: "x-key" },
  // A model that nobody has: a good key is told so, a bad one is refused.
  bedrock: {
    method: "POST",
    path: "/model/none.none/converse",
    header: "authorization",
    body: { messages: [{ role: "user", content: [{ text: "Hi" }] }] },
    provedBy: noSuchThing,
  },
};

const timeoutMs = 10_000;
const maxAnswerBytes = 4 * 1024 * 1024;

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // A page of a proxy: the status has to do.
    return undefined;
  }
};

const wordsOf = (body: unknown): string | undefined => {
  const known = readError(body)?.message;
  if (known !== undefined || !isRecord(body)) return known;
  // FastAPI's, FASHN's and AWS's forms.
  return [body.message, body.Message, body.detail].find((text) => typeof text === "string");
};

/** Words of a 400 or a 422 that are about the key and not the request. */
const aboutKey = /api[ _-]?key|unauthori[sz]ed|authenticat|credential|access denied/i;
/** AWS knows the key, and says what it may not do. */
const knownAtAws = /is not authorized to perform|don't have access to the model/i;
/** Whether an answer shows that the provider took the key. */
const isTaken = ({ provedBy }: Probe, status: number, words: string | undefined): boolean => {
  // Some say in a 200 that something is wrong.
  if (status >= 200 && status < 300) return provedBy !== undefined || words === undefined;
  if (provedBy === undefined) return false;
  return status === 403 ? knownAtAws.test(words ?? "") : provedBy.has(status) && !aboutKey.test(words ?? "");
};

const headersFor = (header: Probe["header"], { apiKey }: KeyCredential): Record<string, string> | undefined => {
  if (header === "x-key") return { "x-key": apiKey };
  return header === "fal" ? { authorization: `Key ${apiKey}` } : undefined;
};

const keyAccess = (probe: Probe, credential: KeyCredential) => {
  const usual = probe.header === "x-api-key" ? "x-api-key" : "authorization";
  const { url, headers, agent } = askWithKey(credential, probe.path, usual);
  return { url, agent, headers: headersFor(probe.header, credential) ?? headers };
};

const ask = async (probe: Probe, credential: ProviderCredential): Promise<KeyTest> => {
  const startedAt = performance.now();
  const sent = probe.body === undefined ? undefined : JSON.stringify(probe.body);
  const { url, headers, agent } =
    credential.aws === undefined ? keyAccess(probe, credential) : bedrockAccess(credential, probe.path, sent ?? "");
  const since = (): number => Math.round(performance.now() - startedAt);
  try {
    const answer = await send({
      url,
      agent,
      method: probe.method ?? "GET",
      headers: {
        accept: "application/json",
        ...headers,
        ...probe.headers,
        ...(sent === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(sent === undefined ? {} : { body: sent }),
      headersTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const status = answer.statusCode ?? 0;
    const body = parse(await readText(answer, maxAnswerBytes));
    const words = wordsOf(body);
    if (isTaken(probe, status, words)) return { ok: true, status, message: null, latencyMs: since() };
    const message = safeMessage(
      withoutKey(words ?? `The provider answered with status ${status}.`, credential.apiKey ?? ""),
    );
    return { ok: false, status, message, latencyMs: since() };
  } catch (error) {
    const { failure, message } = error instanceof OutboundError ? error : toOutboundError(error);
    // Only the time that it may take aborts it.
    const shown = failure === "aborted" ? `The provider did not answer within ${timeoutMs / 1_000} s` : message;
    return { ok: false, status: null, message: `${shown}.`, latencyMs: since() };
  }
};

/**
 * One token of a chat, for a server that has no list of models. A model that reasons may refuse so few, which only a good key
 * is told.
 */
const chatProbe = ({ baseUrl, custom }: KeyCredential, model: string): Probe => {
  const messages = [{ role: "user", content: "Hi" }];
  if (custom?.protocol === "anthropic") {
    const body = { model, max_tokens: 1, messages };
    return { ...claudeModels, method: "POST", path: "/v1/messages", body, provedBy: badRequest };
  }
  const body = { model, [limitField(new URL(baseUrl).hostname)]: 1, messages };
  return { method: "POST", path: "/chat/completions", header: "authorization", body, provedBy: badRequest };
};

const noList: ReadonlySet<number | null> = new Set([404, 405, 501]);

/**
 * Tests a key. A custom provider without a list of models is asked for one token of `model`, where that is given.
 * Resolves in any case: a provider that cannot be reached is an answer as well.
 */
export const testProviderKey = async (
  provider: ByokProvider,
  credential: KeyCredential,
  model?: string,
): Promise<KeyTest> => {
  if (provider !== "custom") return ask(probes[provider], credential);
  const protocol = credential.custom?.protocol ?? "openai";
  const listed = await ask(protocol === "anthropic" ? claudeModels : modelsOf("authorization"), credential);
  if (!noList.has(listed.status) || model === undefined) return listed;
  return ask(chatProbe(credential, model), credential);
};

/**
 * Tests a role: whether AWS lets the gateway assume it, then whether Bedrock takes its session. Resolves as the test of a key
 * does. @throws GatewayError BAD_REQUEST for a role that is never assumed
 */
export const testRole = async (
  role: CallersRole,
  region: string = defaultBedrockRegion,
  requestId = "test",
): Promise<KeyTest> => {
  const startedAt = performance.now();
  try {
    const { expiresAtMs: _, ...credentials } = await assumeCallersRole(role, requestId);
    return await ask(probes.bedrock, { aws: { ...credentials, region }, baseUrl: bedrockBaseUrl(region), byok: true });
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    const message = error.providerMessage ?? `${error.message}.`;
    return { ok: false, status: error.status ?? null, message, latencyMs: Math.round(performance.now() - startedAt) };
  }
};

/**
 * @param param the field that has the key.
 * @throws GatewayError BAD_REQUEST with the provider's own words where it does not take the key
 */
export const requireGoodKey = (
  { ok, status, message }: KeyTest,
  provider: ByokProvider,
  param: "apiKey" | "roleArn" = "apiKey",
): void => {
  if (ok) return;
  const what = param === "apiKey" ? "key" : "role";
  throw new GatewayError("BAD_REQUEST", `${provider} did not accept the ${what}: ${message}`, {
    param,
    details: { provider, status },
    shouldRetry: false,
  });
};
