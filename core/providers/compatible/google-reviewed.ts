import { isRecord, type JsonRecord, ownValue } from "#core/values/records.ts";

/**
 * What of Google's own extensions to OpenAI's format leaves on the platform's key: names that neither store nor find anything
 * in the account, nor change what Google bills, nor loosen its filters, nor make it call an address. Whatever is not listed is
 * dropped and named in `X-Warnings`. A caller's own key passes everything.
 */

type Kind = "boolean" | "number" | "string";
type Reviewed = { readonly [name: string]: Kind | Reviewed };

interface ReviewedList {
  /** Day of the review. */
  readonly reviewed: string;
  readonly source: string;
  readonly fields: Reviewed;
}

/** `extra_body`. Left out on purpose: `cached_content`, which names an object of the account, `safety_settings` and `tools`. */
export const reviewedExtraBody: ReviewedList = {
  reviewed: "2026-11-29",
  source: "https://ai.google.dev/gemini-api/docs/openai",
  fields: {
    google: { thinking_config: { include_thoughts: "boolean", thinking_budget: "number", thinking_level: "string" } },
  },
};

/** `extra_content` of messages and tool calls. */
export const reviewedExtraContent: ReviewedList = {
  reviewed: "2026-11-29",
  source: "https://ai.google.dev/gemini-api/docs/thought-signatures",
  fields: { google: { thought_signature: "string", thought: "boolean" } },
};

/** The reviewed part of a value; undefined when nothing is left of it. Names what is dropped, by its path. */
const reviewedPart = (
  value: unknown,
  allowed: Kind | Reviewed | undefined,
  path: string,
  warnings: Set<string>,
): unknown => {
  if (typeof allowed === "string" && typeof value === allowed) return value;
  if (typeof allowed !== "object" || !isRecord(value)) {
    warnings.add(path);
    return undefined;
  }
  const kept = Object.entries(value).flatMap(([name, member]) => {
    const part = reviewedPart(member, ownValue(allowed, name), `${path}.${name}`, warnings);
    return part === undefined ? [] : [[name, part] as const];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
};

/** A request's `extra_body` as it may leave on the platform's key; undefined when nothing is left. */
export const onlyReviewedBody = (extraBody: unknown, warnings: Set<string>): unknown =>
  reviewedPart(extraBody, reviewedExtraBody.fields, "extra_body", warnings);

const withReviewedContent = <Value extends JsonRecord>(value: Value, path: string, warnings: Set<string>): Value => {
  if (value.extra_content === undefined || value.extra_content === null) return value;
  const { extra_content: content, ...rest } = value;
  const kept = reviewedPart(content, reviewedExtraContent.fields, path, warnings);
  return (kept === undefined ? rest : { ...rest, extra_content: kept }) as Value;
};

/** A message whose `extra_content`, and that of its tool calls, may leave on the platform's key. */
export const onlyReviewedContent = (message: JsonRecord, warnings: Set<string>): JsonRecord => {
  const cleaned = withReviewedContent(message, "messages.extra_content", warnings);
  const { tool_calls: calls } = cleaned;
  if (!Array.isArray(calls)) return cleaned;
  const path = "messages.tool_calls.extra_content";
  const reviewed = (calls as readonly unknown[]).map((call) =>
    isRecord(call) ? withReviewedContent(call, path, warnings) : call,
  );
  return { ...cleaned, tool_calls: reviewed };
};
