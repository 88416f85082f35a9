import { readPresets } from "#core/db/presets.ts";
import { GatewayError } from "#core/errors.ts";
import type { NativeRequest } from "#core/providers/native.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { type PresetSettings, presetSettingsSchema } from "#core/schemas/presets.ts";
import { ownValue } from "#core/values/records.ts";

/** What asks for a chat completion, as far as a preset changes it. */
interface Opening {
  readonly body: ChatRequest;
  readonly caller: { readonly principal: { readonly userId: string } };
  readonly native?: NativeRequest | undefined;
}

/** Settings that the gateway follows itself: with these alone a request may still reach its provider as it came. */
const ours: ReadonlySet<string> = new Set(["model", "fallback", "retries", "timeout", "guardrails", "provider"]);
const limits = ["max_tokens", "max_completion_tokens"] as const;

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

/** What the request says itself counts more than its preset. */
const merged = (body: ChatRequest, { model, ...settings }: PresetSettings): ChatRequest => {
  const own = Object.fromEntries(Object.entries(body).filter(([, value]) => isGiven(value)));
  const preset: Record<string, unknown> = { ...settings };
  // The two names of one limit.
  if (limits.some((name) => isGiven(body[name]))) for (const name of limits) delete preset[name];
  return { ...preset, ...own, model } as ChatRequest;
};

/** The request in its own dialect, unless the preset has parameters that it lacks. @throws GatewayError that says why it must pass as it came */
const nativeUnder = (native: NativeRequest | undefined, settings: PresetSettings): NativeRequest | undefined => {
  if (native === undefined || Object.keys(settings).every((name) => ours.has(name))) return native;
  const refusal = native.untranslatable ?? native.refusal;
  if (refusal !== undefined) throw refusal;
  return undefined;
};

/**
 * The settings of the caller's preset that a name means.
 * @throws GatewayError INVALID_MODEL where the caller has none of this name; AwsError
 */
export const presetSettings = async (userId: string, name: string): Promise<PresetSettings> => {
  // `@preset/`. Its constant is not imported: what is shared with this lazily loaded module becomes a separate chunk.
  const prefix = name.slice(0, name.indexOf("/") + 1);
  const presets = await readPresets(userId);
  const row = ownValue(presets, name.slice(prefix.length));
  if (row === undefined) {
    const names = Object.keys(presets).map((known) => `${prefix}${known}`);
    const listed = names.length === 0 ? "You have none." : `You have ${names.join(", ")}.`;
    throw new GatewayError("INVALID_MODEL", `You have no preset with this name. ${listed}`, {
      param: "model",
      details: { suggestions: names },
    });
  }
  return presetSettingsSchema.parse(JSON.parse(row.settings));
};

export interface WithPreset<Asked> {
  readonly opening: Asked;
  /** What the preset asks for and the request cannot have. */
  readonly warnings: readonly string[];
}

/**
 * A request whose model is `@preset/<name>`, with the caller's preset of that name. Without streaming it gets the longest
 * time that there is where the preset has a longer one, which only a streamed request can have.
 * @param longestTimeoutMs of this request.
 * @throws GatewayError INVALID_MODEL where the caller has none; AwsError
 */
export const withPreset = async <Asked extends Opening>(
  opening: Asked,
  longestTimeoutMs: number,
): Promise<WithPreset<Asked>> => {
  const { body: asked, caller, native } = opening;
  const settings = await presetSettings(caller.principal.userId, asked.model);
  const body = merged(asked, settings);
  const isCut = !isGiven(asked.timeout) && (body.timeout ?? 0) > longestTimeoutMs;
  return {
    opening: {
      ...opening,
      body: isCut ? { ...body, timeout: longestTimeoutMs } : body,
      native: nativeUnder(native, settings),
    },
    warnings: isCut ? [`timeout (${longestTimeoutMs} ms without streaming)`] : [],
  };
};
