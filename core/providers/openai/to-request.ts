import { type ChatRequest, gatewayFields } from "#core/schemas/chat.ts";

const ours: ReadonlySet<string> = new Set(gatewayFields);

/**
 * The body for an OpenAI-shaped provider: what the caller sent, less the gateway's own fields. Usage is always asked for on
 * streams: metering does not depend on the caller's `include_usage`.
 */
export const toRequestBody = (request: ChatRequest, model: string): Record<string, unknown> => {
  const body: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(request)) {
    if (!ours.has(field) && value !== undefined) body[field] = value;
  }
  body.model = model;
  if (request.stream === true) body.stream_options = { ...request.stream_options, include_usage: true };
  else delete body.stream_options;
  return body;
};
