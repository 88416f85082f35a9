import { findingsHeader } from "#core/guardrails/finding.ts";
import { guardrailsAreOff, guardrailsKey, readGuardrailSettings } from "#core/guardrails/settings.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { PreparedRequest } from "./prepared-request.ts";

/** Apart from prepare-request.ts: few requests have a prompt or guardrails, and the others do not load them. */

type Headers = Readonly<Record<string, string | undefined>>;

/** How long a prompt and the moderation of the input may take together, ms. */
const prepareMs = 15_000;

/**
 * Renders and judges a request that has a prompt or guardrails.
 * @throws GatewayError GUARDRAIL_BLOCKED, BAD_REQUEST for a prompt or guardrail that cannot be used, SERVICE_UNAVAILABLE
 */
export const renderAndJudge = async (
  body: ChatRequest,
  headers: Headers,
  usesPrompt: boolean,
): Promise<PreparedRequest> => {
  const settings = readGuardrailSettings(body.guardrails, headers["x-guardrails"]);
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
