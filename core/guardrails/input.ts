import { GatewayError } from "#core/errors.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { type FindingCount, FindingTally, type GuardrailType } from "./finding.ts";
import type { Moderate } from "./moderation.ts";
import { judgeText } from "./pii-channel.ts";
import { Placeholders } from "./placeholders.ts";
import { mapRequestTexts } from "./request-texts.ts";
import type { Restorer } from "./restorer.ts";
import { findPii } from "./scan.ts";
import type { GuardrailAction, GuardrailSide } from "./settings.ts";

export interface InputGuardOptions {
  readonly moderate: Moderate;
  readonly signal: AbortSignal;
}

export interface GuardedInput {
  /** What providers may see. */
  readonly request: ChatRequest;
  /** For the output's guard: one value has one placeholder in the whole request. */
  readonly placeholders: Placeholders;
  /** Gives the caller their own values back; undefined when nothing was redacted. */
  readonly restore: Restorer | undefined;
  readonly findings: readonly FindingCount[];
  /** GUARDRAIL_BLOCKED, to be thrown before any provider is called. */
  readonly blocked: GatewayError | undefined;
}

const blockedBy = (guardrail: GuardrailType, tally: FindingTally, param: string | undefined): GatewayError => {
  const findings = tally.counts().filter((finding) => finding.guardrail === guardrail);
  const types = findings.map(({ type }) => type).join(", ");
  return new GatewayError(
    "GUARDRAIL_BLOCKED",
    `The guardrail ${guardrail} blocked this request because it found ${types}.`,
    {
      param,
      details: { guardrail, findings },
    },
  );
};

interface PiiResult {
  readonly request: ChatRequest;
  /** Path of the first finding. */
  readonly firstPath: string | undefined;
}

const judgePii = (
  request: ChatRequest,
  action: GuardrailAction,
  placeholders: Placeholders,
  tally: FindingTally,
): PiiResult => {
  let firstPath: string | undefined;
  const note = (type: string, path: string): void => {
    firstPath ??= path;
    tally.add("pii", type);
  };
  if (action === "redact") {
    mapRequestTexts(request, {
      text: (text) => {
        placeholders.reserve(text);
        return text;
      },
      sealed: () => true,
    });
  }
  // Where the request is going to be refused, all its findings are told at once.
  const mode = action === "redact" ? "redact" : "flag";
  const judged = mapRequestTexts(request, {
    text: (text, { path, json }) =>
      judgeText(text, { action: mode, json, placeholders, onFinding: (type) => note(type, path) }),
    sealed: (text, { path }) => {
      const found = findPii(text);
      for (const { type } of found) note(type, path);
      return found.length === 0 || mode === "flag";
    },
  });
  return { request: mode === "redact" ? judged : request, firstPath };
};

/** @returns the path of the first text that is flagged. @throws GatewayError SERVICE_UNAVAILABLE */
const judgeContent = async (
  request: ChatRequest,
  action: GuardrailAction,
  tally: FindingTally,
  { moderate, signal }: InputGuardOptions,
): Promise<string | undefined> => {
  const texts: string[] = [];
  const paths: string[] = [];
  const add = (text: string, { path }: { readonly path: string }): void => {
    if (text === "") return;
    texts.push(text);
    paths.push(path);
  };
  mapRequestTexts(request, {
    text: (text, at) => {
      add(text, at);
      return text;
    },
    sealed: (text, at) => {
      add(text, at);
      return true;
    },
  });
  try {
    const verdicts = await moderate(texts, signal);
    for (const category of verdicts.flat()) tally.add("content_moderation", category);
    const first = verdicts.findIndex((categories) => categories.length > 0);
    return paths[first];
  } catch (error) {
    if (action !== "flag" || !(error instanceof GatewayError) || signal.aborted) throw error;
    tally.add("content_moderation", "unavailable");
    return undefined;
  }
};

/**
 * The guardrails of a request, over every text of its messages. Personal data first, so that the moderation, another
 * company, sees placeholders where they are redacted.
 * @param settings `settings.input`.
 * @throws GatewayError SERVICE_UNAVAILABLE when a moderation that must judge cannot.
 */
export const applyInputGuardrails = async (
  request: ChatRequest,
  settings: GuardrailSide,
  options: InputGuardOptions,
): Promise<GuardedInput> => {
  const { pii, content_moderation: moderation } = settings;
  const placeholders = new Placeholders();
  const tally = new FindingTally();
  const result = (judged: ChatRequest, blocked?: GatewayError): GuardedInput => ({
    request: judged,
    placeholders,
    restore: placeholders.restorer(),
    findings: tally.counts(),
    blocked,
  });
  let judged = request;
  if (pii !== undefined) {
    const { request: left, firstPath } = judgePii(request, pii, placeholders, tally);
    judged = left;
    if (pii === "block" && firstPath !== undefined) return result(request, blockedBy("pii", tally, firstPath));
  }
  if (moderation !== undefined) {
    const path = await judgeContent(judged, moderation, tally, options);
    // There is nothing to put in the place of harmful content, so `redact` blocks as well.
    if (path !== undefined && moderation !== "flag") {
      return result(request, blockedBy("content_moderation", tally, path));
    }
  }
  return result(judged);
};
