import { describe, expect, test } from "vitest";
import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { failureFromResponse as fromAnthropic } from "#core/providers/anthropic/errors.ts";
import { failureFromBody, failureFromResponse } from "#core/providers/openai/errors.ts";

/** Refusals as the providers word them (documentation and public threads, November 2026). */
const refusals: readonly (readonly [ChatProviderId, status: number, body: object, reason: string | undefined])[] = [
  [
    "openai",
    400,
    { message: "This model's maximum context length is 128000 tokens.", code: "context_length_exceeded" },
    "context_length_exceeded",
  ],
  [
    "openai",
    400,
    { message: "Your input exceeds the context window of this model.", code: null },
    "context_length_exceeded",
  ],
  [
    "google",
    400,
    {
      message: "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
      status: "INVALID_ARGUMENT",
    },
    "context_length_exceeded",
  ],
  [
    "x-ai",
    400,
    { message: "This model's maximum prompt length is 131072 but the request contains 136973 tokens." },
    "context_length_exceeded",
  ],
  [
    "openrouter",
    400,
    {
      code: 400,
      message: "This endpoint's maximum context length is 163840 tokens. However, you requested about 200000 tokens.",
    },
    "context_length_exceeded",
  ],
  [
    "openrouter",
    400,
    { code: 400, message: "Provider returned error", metadata: { error_type: "context_length_exceeded" } },
    "context_length_exceeded",
  ],
  [
    "openrouter",
    400,
    {
      code: 400,
      message: "Provider returned error",
      metadata: { raw: '{"message":"Input is too long for requested model."}' },
    },
    "context_length_exceeded",
  ],
  [
    "minimax",
    400,
    { type: "bad_request_error", message: "invalid params, context window exceeds limit (2013)" },
    "context_length_exceeded",
  ],
  [
    "openai",
    400,
    {
      message: "Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
      code: "invalid_prompt",
    },
    "content_filter",
  ],
  ["openai", 400, { message: "The response was filtered.", code: "content_filter" }, "content_filter"],
  [
    "x-ai",
    403,
    { message: "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO" },
    "content_filter",
  ],
  ["openrouter", 403, { code: 403, message: "x requires moderation. Your input was flagged" }, "content_filter"],
  ["minimax", 400, { type: "bad_request_error", message: "input new_sensitive (1026)" }, "content_filter"],
  [
    "openai",
    404,
    { message: "The model `gpt-9` does not exist or you do not have access to it.", code: "model_not_found" },
    "model_not_found",
  ],
  [
    "google",
    404,
    { message: "models/gemini-9 is not found for API version v1main", status: "NOT_FOUND" },
    "model_not_found",
  ],
  [
    "x-ai",
    404,
    { message: "The model grok-9 does not exist or your team does not have access to it." },
    "model_not_found",
  ],
  ["openrouter", 400, { code: 400, message: "x/y is not a valid model ID" }, "model_not_found"],
  ["openrouter", 404, { code: 404, message: "No endpoints found for x/y." }, "model_not_found"],
  ["openai", 429, { message: "You exceeded your current quota", type: "insufficient_quota" }, "insufficient_quota"],
  ["openrouter", 402, { code: 402, message: "Insufficient credits" }, "insufficient_quota"],
  ["minimax", 500, { message: "insufficient balance (1008)" }, "insufficient_quota"],
  // Refusals of another kind, and failures whose words only look like a reason.
  [
    "openai",
    429,
    { message: "Request too large for gpt-5.2 on tokens per min (TPM)", code: "rate_limit_exceeded" },
    undefined,
  ],
  ["openai", 400, { message: "max_tokens is too large: 200000", param: "max_tokens" }, undefined],
  ["openai", 404, { message: "Not found" }, undefined],
  ["openrouter", 404, { code: 404, message: "No endpoints found that support tool use." }, undefined],
  ["google", 503, { message: "The model is overloaded.", status: "UNAVAILABLE" }, undefined],
  ["x-ai", 400, { message: "Invalid request content" }, undefined],
];

describe("the reason of a refusal is OpenAI's code", () => {
  test.each(refusals)("%s %i %j is %s", (provider, status, error, reason) => {
    expect(failureFromResponse(provider, status, {}, JSON.stringify({ error })).reason).toBe(reason);
  });

  test.each([
    [400, "invalid_request_error", "prompt is too long: 213462 tokens > 200000 maximum", "context_length_exceeded"],
    [
      400,
      "invalid_request_error",
      "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
      "context_length_exceeded",
    ],
    [400, "invalid_request_error", "Output blocked by content filtering policy", "content_filter"],
    [404, "not_found_error", "model: claude-9", "model_not_found"],
    [400, "invalid_request_error", "Your credit balance is too low", "insufficient_quota"],
    [413, "request_too_large", "Request exceeds the maximum size", undefined],
    [529, "overloaded_error", "Overloaded", undefined],
  ])("anthropic %i %s %s is %s", (status, type, message, reason) => {
    expect(fromAnthropic(status, JSON.stringify({ type: "error", error: { type, message } }), {}).reason).toBe(reason);
  });

  test("also where it comes inside a 200", () => {
    const error = {
      code: 400,
      message: "Provider returned error",
      metadata: { error_type: "context_length_exceeded" },
    };
    expect(failureFromBody("openrouter", { error })?.reason).toBe("context_length_exceeded");
    expect(
      failureFromBody("minimax", { base_resp: { status_code: 1027, status_msg: "output sensitive" } })?.reason,
    ).toBe("content_filter");
  });
});
