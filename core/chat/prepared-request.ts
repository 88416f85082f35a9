import type { FindingCount } from "#core/guardrails/finding.ts";
import type { OutputGuardOptions } from "#core/guardrails/output-guard.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

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
