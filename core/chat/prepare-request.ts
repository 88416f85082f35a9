import type { ChatRequest } from "#core/schemas/chat.ts";
import type { PreparedRequest } from "./prepared-request.ts";

/**
 * What happens to a request before it is one for a model: its prompt template is rendered, its input guardrails judge.
 * Both are loaded when a request asks for them only.
 */

type Headers = Readonly<Record<string, string | undefined>>;

/** `guardrailsKey` of a request without any. */
export const noGuardrailsKey = "input=off,off;output=off,off";

const hasPrompt = (body: ChatRequest): boolean =>
  body.prompt_id !== undefined || body.prompt_version !== undefined || body.prompt_variables !== undefined;

const untouched = (request: ChatRequest): PreparedRequest => ({
  request,
  guardrailsKey: noGuardrailsKey,
  promptVersion: undefined,
  outputGuard: undefined,
  headers: {},
  findings: [],
  untouched: true,
});

/**
 * Renders and judges a request.
 * @param verdict of a request that began before it: what renders and judges asks other servers.
 * @throws GatewayError GUARDRAIL_BLOCKED, BAD_REQUEST for a prompt or guardrail that cannot be used, SERVICE_UNAVAILABLE;
 * the refusal
 */
export const prepareRequest = async (
  body: ChatRequest,
  headers: Headers,
  verdict: Promise<void> | undefined,
): Promise<PreparedRequest> => {
  const usesPrompt = hasPrompt(body);
  if (body.guardrails === undefined && headers["x-guardrails"] === undefined && !usesPrompt) return untouched(body);
  await verdict;
  const { renderAndJudge } = await import("./render-and-judge.ts");
  return renderAndJudge(body, headers, usesPrompt);
};
