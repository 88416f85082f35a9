import type { ChatRequest } from "#core/schemas/chat.ts";

/**
 * `stream` and `stream_options` to send: usage is always asked for on streams, since metering does not depend on the caller's
 * `include_usage`; without a stream the field is an error at some providers.
 */
export const streamFields = (request: ChatRequest): Record<string, unknown> =>
  request.stream === true ? { stream: true, stream_options: { ...request.stream_options, include_usage: true } } : {};
