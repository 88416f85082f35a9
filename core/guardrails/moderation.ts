import { GatewayError } from "#core/errors.ts";
import { providerApiKey, providerBaseUrl } from "#core/upstreams.ts";

/**
 * Asks OpenAI's moderation about texts. For each text the categories that it is flagged in, none for a harmless one.
 * Rejects with SERVICE_UNAVAILABLE when it cannot be asked: nothing unjudged goes on.
 */
export type Moderate = (texts: readonly string[], signal: AbortSignal) => Promise<readonly (readonly string[])[]>;

const model = "omni-moderation-latest";
const timeoutMs = 5_000;
/** Longer texts are judged in parts that overlap. */
const maxPartLength = 8_000;
const overlapLength = 200;
const partsPerCall = 32;
const retryAfterSeconds = 5;

const unavailable = (message: string, options: { readonly cause?: unknown; readonly shouldRetry?: boolean } = {}) =>
  new GatewayError("SERVICE_UNAVAILABLE", message, {
    retryAfterSeconds,
    details: { guardrail: "content_moderation" },
    ...options,
  });

const partsOf = (text: string): string[] => {
  const parts: string[] = [];
  let start = 0;
  for (; start + maxPartLength < text.length; start += maxPartLength - overlapLength) {
    parts.push(text.slice(start, start + maxPartLength));
  }
  return [...parts, text.slice(start)];
};

const newClient = async () => {
  const apiKey = providerApiKey("openai");
  if (apiKey === undefined) {
    throw unavailable(
      "content_moderation requires the platform's OpenAI key, which is not configured on this gateway.",
      {
        shouldRetry: false,
      },
    );
  }
  const { default: OpenAI } = await import("openai");
  return new OpenAI({ apiKey, baseURL: providerBaseUrl("openai"), maxRetries: 1, timeout: timeoutMs });
};

let client: ReturnType<typeof newClient> | undefined;

/** Forgets the client, for a test that changes where OpenAI is. */
export const forgetModerationClient = (): void => {
  client = undefined;
};

const askAbout = async (input: string[], signal: AbortSignal): Promise<string[][]> => {
  client ??= newClient();
  const openai = await client.catch((error: unknown) => {
    client = undefined;
    throw error;
  });
  const { results } = await openai.moderations.create(
    // Half a character, as a cut text may end in, is refused.
    { model, input: input.map((text) => text.toWellFormed()) },
    { signal },
  );
  if (results.length !== input.length) throw new Error("The moderation answered another number of texts");
  return results.map(({ categories }) =>
    Object.entries(categories).flatMap(([category, flagged]) => (flagged === true ? [category] : [])),
  );
};

/** Moderation by OpenAI's `omni-moderation-latest` with the platform's key, 5 s at most over all parts. */
export const moderate: Moderate = async (texts, signal) => {
  const parts = texts.flatMap((text, index) =>
    text.trim() === "" ? [] : partsOf(text).map((part) => ({ index, part })),
  );
  if (parts.length === 0) return texts.map(() => []);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const calls: Promise<string[][]>[] = [];
  for (let from = 0; from < parts.length; from += partsPerCall) {
    calls.push(
      askAbout(
        parts.slice(from, from + partsPerCall).map(({ part }) => part),
        deadline,
      ),
    );
  }
  let judged: string[][];
  try {
    judged = (await Promise.all(calls)).flat();
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    // Only the kind of failure: OpenAI's own message may quote what it was sent.
    const kind = error instanceof Error ? error.name : "unknown";
    throw unavailable("The moderation service that this request requires is unavailable.", {
      cause: new Error(`Moderation: ${kind}`),
    });
  }
  const categories = texts.map(() => new Set<string>());
  for (const [index, found] of judged.entries()) {
    for (const category of found) categories[parts[index]?.index ?? 0]?.add(category);
  }
  return categories.map((found) => [...found]);
};
