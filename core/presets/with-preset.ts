import { readPresets } from "#core/db/presets.ts";
import { GatewayError } from "#core/errors.ts";
import type { NativeRequest } from "#core/providers/native.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { type PresetSettings, presetSettingsSchema } from "#core/schemas/presets.ts";
import { ownValue } from "#core/values/own-value.ts";
import { presetPrefix } from "./preset-name.ts";

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
 * A request whose model is `@preset/<name>`, with the caller's preset of that name.
 * @throws GatewayError INVALID_MODEL where the caller has none; AwsError
 */
export const withPreset = async <Asked extends Opening>(opening: Asked): Promise<Asked> => {
  const { body, caller, native } = opening;
  const presets = await readPresets(caller.principal.userId);
  const row = ownValue(presets, body.model.slice(presetPrefix.length));
  if (row === undefined) {
    const names = Object.keys(presets).map((name) => `${presetPrefix}${name}`);
    const listed = names.length === 0 ? "You have none." : `You have ${names.join(", ")}.`;
    throw new GatewayError("INVALID_MODEL", `You have no preset with this name. ${listed}`, {
      param: "model",
      details: { suggestions: names },
    });
  }
  const settings = presetSettingsSchema.parse(JSON.parse(row.settings));
  return { ...opening, body: merged(body, settings), native: nativeUnder(native, settings) };
};
