import "#function";
import { GatewayError } from "#core/errors.ts";
import { type ChatRequest, maxTimeoutMs } from "#core/schemas/chat.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";

/** The gateway's own fields as headers, for clients that cannot add fields to a body. */

type Headers = Readonly<Record<string, string | undefined>>;

const maxFallbacks = 8;
const maxNameLength = 200;
const maxRetries = 5;

const refused = (message: string, param: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });

const integerOf = (text: string, name: string, least: number, most: number): number => {
  const value = /^\d{1,6}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw refused(`${name} must be a whole number from ${least} to ${most}.`, name);
};

const namesOf = (text: string): string[] => {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length <= maxFallbacks && names.every((name) => name.length <= maxNameLength)) return names;
  throw refused(`X-Fallback must be a list of up to ${maxFallbacks} models, separated by commas.`, "X-Fallback");
};

const maxPreferencesLength = 2_000;

const preferencesOf = (text: string): JsonRecord => {
  let value: unknown;
  try {
    value = text.length > maxPreferencesLength ? undefined : JSON.parse(text);
  } catch {
    // Said below.
  }
  if (isRecord(value)) return value;
  const message = `X-Provider-Preferences must be a JSON object of up to ${maxPreferencesLength} characters.`;
  throw refused(message, "X-Provider-Preferences");
};

/** A request with the preferences of its header, which has the same object as the body's `provider`. */
const withPreferences = (request: ChatRequest, text: string | undefined): ChatRequest => {
  if (text === undefined) return request;
  const { provider = preferencesOf(text) } = request as { readonly provider?: unknown };
  return { ...request, provider } as ChatRequest;
};

type LoadBalance = NonNullable<ChatRequest["load_balance"]>;

const strategies: readonly string[] = [
  "weighted",
  "round_robin",
  "latency",
  "cost",
] satisfies LoadBalance["strategy"][];
const maxTargets = 16;
const maxWeight = 1_000_000;
/** `<model>`, with `=<weight>` and `@<provider key>` where they are given. */
const targetForm = /^([^\s=@,;]{1,200})(?:=(\d{1,7}(?:\.\d{1,6})?))?(?:@([^\s=@,;]{1,64}))?$/;

const targetOf = (text: string): LoadBalance["targets"][number] => {
  const [, model, weight, slug] = targetForm.exec(text.trim()) ?? [];
  if (model === undefined || Number(weight ?? 0) > maxWeight) {
    throw refused(
      `X-Load-Balance has a target that is not <model>=<weight>@<provider key>; weight (up to ${maxWeight}) and key may be left out.`,
      "X-Load-Balance",
    );
  }
  return {
    model,
    ...(weight === undefined ? {} : { weight: Number(weight) }),
    ...(slug === undefined ? {} : { provider_key: slug }),
  };
};

/** `<strategy>; <target>, <target>` */
const loadBalanceOf = (text: string): LoadBalance => {
  const [strategy = "", list = "", ...more] = text.split(";").map((part) => part.trim());
  const targets = list.split(",").filter((target) => target.trim() !== "");
  if (!strategies.includes(strategy) || more.length > 0 || targets.length === 0 || targets.length > maxTargets) {
    throw refused(
      `X-Load-Balance must be ${strategies.join(", ")}, a semicolon, and 1 to ${maxTargets} targets separated by commas.`,
      "X-Load-Balance",
    );
  }
  return { strategy: strategy as LoadBalance["strategy"], targets: targets.map(targetOf) };
};

/**
 * A request with what its headers say: `X-Fallback`, `X-Load-Balance`, `X-Retries`, `X-Timeout-Ms` and
 * `X-Provider-Preferences`. A field of the body counts more than its header. @throws GatewayError BAD_REQUEST for a header that is not valid
 */
export const withHeaderFields = (asked: ChatRequest, headers: Headers): ChatRequest => {
  const request = withPreferences(asked, headers["x-provider-preferences"]);
  const { "x-fallback": fallback, "x-load-balance": balance, "x-retries": retries, "x-timeout-ms": timeout } = headers;
  if ([fallback, balance, retries, timeout].every((value) => value === undefined)) return request;
  const named: Pick<ChatRequest, "fallback" | "load_balance" | "retries" | "timeout"> = {
    ...(balance === undefined ? {} : { load_balance: loadBalanceOf(balance) }),
    ...(fallback === undefined ? {} : { fallback: namesOf(fallback) }),
    ...(retries === undefined ? {} : { retries: integerOf(retries, "X-Retries", 0, maxRetries) }),
    ...(timeout === undefined ? {} : { timeout: integerOf(timeout, "X-Timeout-Ms", 1, maxTimeoutMs) }),
  };
  return {
    ...request,
    fallback: request.fallback ?? named.fallback,
    load_balance: request.load_balance ?? named.load_balance,
    retries: request.retries ?? named.retries,
    timeout: request.timeout ?? named.timeout,
  };
};
