import type { ChatCompletion } from "openai/resources/chat/completions";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type { GatewayError } from "#core/errors.ts";
import type { JsonRecord } from "#core/values/records.ts";

/**
 * Requests that reach a provider in the dialect in which they came, and answers that leave as their provider gave them.
 * Nothing is translated on the way, so nothing is lost.
 */

/** Dialects besides chat completions. */
export type NativeDialect = "responses" | "messages";

export type DialectName = "chat-completions" | NativeDialect;

interface AskedModel {
  readonly provider: ChatProviderId;
  readonly providerModel: string;
}

/** Those of OpenAI that Bedrock serves by the Responses API: the open ones have Converse only. */
const gptAtBedrock = /^([a-z-]+\.)?openai\.gpt-(?!oss)/;

/**
 * Whether a model's provider has the dialect as its own API. A custom provider speaks Anthropic's where its owner says so, which
 * is known once its row is read.
 */
export const maySpeakDialect = ({ provider, providerModel }: AskedModel, dialect: NativeDialect): boolean =>
  dialect === "messages"
    ? provider === "anthropic" || provider === "bedrock" || provider === "custom"
    : provider === "openai" || (provider === "bedrock" && gptAtBedrock.test(providerModel));

/** Whether the provider that a call goes to speaks a dialect. */
export const speaksDialect = (
  model: AskedModel,
  dialect: NativeDialect,
  { custom }: { readonly custom?: { readonly protocol: string } | undefined },
): boolean => maySpeakDialect(model, dialect) && (model.provider !== "custom" || custom?.protocol === "anthropic");

/** A request as it came, beside its translation. */
export interface NativeRequest {
  readonly dialect: NativeDialect;
  /** Without the gateway's own fields. The adapter sets the model. */
  readonly body: JsonRecord;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /**
   * Why the request cannot be translated, nor sent with the platform's key: thrown unless it reaches the dialect's own
   * provider with the caller's key.
   */
  readonly refusal: GatewayError | undefined;
  /** The same for what the dialect's own provider takes with any key. */
  readonly untranslatable?: GatewayError | undefined;
  /** What is asked for, where it is not an answer. */
  readonly operation?: "compact" | undefined;
  /** Frames that end a stream which ran out of its money, after what has been passed on. */
  readonly cutFrames: (state: JsonRecord) => string;
}

/** An answer in its own dialect. */
export interface NativeAnswer {
  /** The body of a whole one, as its provider sent it; undefined for a stream. */
  readonly body: string | undefined;
  /** Paid by the caller's own key, whose account may store what the caller asks it to. */
  readonly ownKey: boolean;
  /** The same as a chat completion, for the cache; undefined until a stream has ended. */
  readonly completion: () => ChatCompletion | undefined;
  /** What the dialect has to know of the frames that have been passed on to add some of its own. */
  readonly state: () => JsonRecord;
}
