import { type FindingCount, findingsHeader } from "#core/guardrails/finding.ts";
import type { OutputGuardOptions } from "#core/guardrails/output-guard.ts";
import { guardrailsAreOff, guardrailsKey, readGuardrailSettings } from "#core/guardrails/settings.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

/**
 * What happens to a request before it is one for a model: its prompt template is rendered, its input guardrails judge.
 * Both are loaded when a request asks for them only.
 */

export interface PreparedRequest {
  readonly request: ChatRequest;
  /** For the cache key. */
  readonly guardrailsKey: string;
  /** For the cache key: the prompt's id and resolved version. */
  readonly promptVersion: string | undefined;
  /** Judges the answer; undefined when its bytes may pass as they came. */
  readonly outputGuard: OutputGuardOptions | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly findings: readonly FindingCount[];
  /** No prompt and no guardrail: the request may reach a provider, and its answer the caller, as they came. */
  readonly untouched: boolean;
}

type Headers = Readonly<Record<string, string | undefined>>;

/** How long a prompt and the moderation of the input may take together, ms. */
const prepareMs = 15_000;

/**
 * Renders and judges a request.
 * @throws GatewayError GUARDRAIL_BLOCKED, BAD_REQUEST for a prompt or guardrail that cannot be used, SERVICE_UNAVAILABLE
 */
export const prepareRequest = async (body: ChatRequest, headers: Headers): Promise<PreparedRequest> => {
  const settings = readGuardrailSettings(body.guardrails, headers["x-guardrails"]);
  const usesPrompt =
    body.prompt_id !== undefined || body.prompt_version !== undefined || body.prompt_variables !== undefined;
  const signal = AbortSignal.timeout(prepareMs);
  const prompted = usesPrompt
    ? await (await import("#core/prompts/langfuse.ts")).applyPrompt(body, signal)
    : { request: body, prompt: undefined };
  const { prompt } = prompted;
  const promptVersion = prompt === undefined ? undefined : `${prompt.promptId}@${prompt.version}`;
  const facts = {
    guardrailsKey: guardrailsKey(settings),
    promptVersion,
    headers: promptVersion === undefined ? {} : { "x-prompt-used": encodeURIComponent(promptVersion) },
  };
  if (guardrailsAreOff(settings)) {
    return { ...facts, request: prompted.request, outputGuard: undefined, findings: [], untouched: !usesPrompt };
  }
  const [{ applyInputGuardrails }, { needsOutputGuard }, { moderate }] = await Promise.all([
    import("#core/guardrails/input.ts"),
    import("#core/guardrails/output-guard.ts"),
    import("#core/guardrails/moderation.ts"),
  ]);
  const guarded = await applyInputGuardrails(prompted.request, settings.input, { moderate, signal });
  if (guarded.blocked !== undefined) throw guarded.blocked;
  const { placeholders, restore, findings } = guarded;
  const needed = needsOutputGuard({ settings: settings.output, restore });
  return {
    ...facts,
    request: guarded.request,
    headers:
      findings.length === 0 ? facts.headers : { ...facts.headers, "x-guardrail-findings": findingsHeader(findings) },
    findings,
    untouched: false,
    outputGuard: needed
      ? { settings: settings.output, placeholders, restore, moderate, signal, choices: body.n ?? 1 }
      : undefined,
  };
};
