import { createHash } from "node:crypto";
import type { ResolvedModel } from "#core/catalog/resolve.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { canonicalJson } from "#core/values/canonical-json.ts";

/**
 * The name of an answer: SHA-256 over the user, the resolved model and the whole body less what cannot change the answer.
 * A field that we do not know counts: leaving it out could serve a wrong answer.
 */

/** How an answer is delivered and found, not what it says. */
const cannotChangeTheAnswer: ReadonlySet<string> = new Set([
  "model",
  "stream",
  "stream_options",
  "fallback",
  "retries",
  "timeout",
  "load_balance",
  "metadata",
  "store",
  "user",
  "safety_identifier",
  "prompt_variables",
]);

export interface CacheKeyFacts {
  readonly userId: string;
  readonly model: ResolvedModel;
  /** The request as it is sent: with its prompt rendered. */
  readonly request: ChatRequest;
  readonly providerKeySlug: string | undefined;
  /** Canonical text of the guardrails in force, from the body and the header. */
  readonly guardrails: string;
  /** Resolved version of the prompt template. */
  readonly promptVersion: string | undefined;
  /** The request as it came, where its provider takes it so. */
  readonly native?: Readonly<Record<string, unknown>> | undefined;
}

/** Changes when the meaning of a stored answer does. */
const formatVersion = 1;

const withoutDelivery = (body: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !cannotChangeTheAnswer.has(name)));

/** The digest under which an answer is found, hex. */
export const cacheKey = ({
  userId,
  model,
  request,
  providerKeySlug,
  guardrails,
  promptVersion,
  native,
}: CacheKeyFacts): string => {
  const body = withoutDelivery(request);
  const facts = {
    formatVersion,
    userId,
    model: `${model.provider}/${model.providerModel}`,
    // Two custom providers may have models of the same name.
    providerKeySlug: model.customSlug ?? providerKeySlug ?? null,
    guardrails,
    promptVersion: promptVersion ?? null,
    body,
    ...(native === undefined ? {} : { native: withoutDelivery(native) }),
  };
  return createHash("sha256").update(canonicalJson(facts)).digest("hex");
};
