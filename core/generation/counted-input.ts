import type { ResolvedModel } from "#core/catalog/resolve.ts";
import { keyOf } from "#core/providers/key-of.ts";
import { ProviderFailure, withoutKeyOf } from "#core/providers/provider.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { failureToError, singleCall } from "./failure-to-error.ts";
import type { UnchargedCall } from "./uncharged-work.ts";

export interface CountedInput {
  readonly tokens: number;
  readonly estimated: boolean;
}

/** What is counted, in the form of OpenAI's Responses API, and our own estimate of it. */
export interface InputToCount {
  readonly body: JsonRecord;
  readonly estimate: () => number;
}

/**
 * Tokens of an input: OpenAI's own count for its models, our estimate for the others, and where OpenAI does not answer.
 * @throws GatewayError for what OpenAI refuses, and what `estimate` throws
 */
export const countedInput = async (work: UnchargedCall<ResolvedModel>, input: InputToCount): Promise<CountedInput> => {
  const { target, signal, timeoutMs } = work;
  const estimated = (): CountedInput => ({ tokens: input.estimate(), estimated: true });
  const credential = target.model.provider === "openai" ? await target.credential() : undefined;
  if (credential === undefined) return estimated();
  // With the platform's key, what cannot be sent cannot be counted either.
  if (!credential.byok) input.estimate();
  const { countInputTokens } = await import("#core/providers/openai/count-input-tokens.ts");
  try {
    const { body } = input;
    const model = target.model.providerModel;
    return {
      tokens: await countInputTokens({ model, body, credential: keyOf(credential), signal, timeoutMs }),
      estimated: false,
    };
  } catch (thrown) {
    const error = withoutKeyOf(thrown, credential);
    if (!(error instanceof ProviderFailure) || signal.aborted) throw error;
    if (error.kind === "request") throw failureToError(error, singleCall(credential.byok));
    // One quota is shared by all: where it is used up, an estimate is better than a refusal.
    return estimated();
  }
};
