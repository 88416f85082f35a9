import { GatewayError } from "#core/errors.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { type FindingCount, FindingTally, type GuardrailType } from "./finding.ts";
import { readJsonText } from "./json-text.ts";
import type { Moderate } from "./moderation.ts";
import { judgeText } from "./pii-channel.ts";
import { Placeholders } from "./placeholders.ts";
import { mapRequestTexts, type TextPlace } from "./request-texts.ts";
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

const longestPath = 200;

const blockedBy = (guardrail: GuardrailType, tally: FindingTally, param: string | undefined): GatewayError => {
  const findings = tally.counts().filter((finding) => finding.guardrail === guardrail);
  const types = findings.map(({ type }) => type).join(", ");
  return new GatewayError(
    "GUARDRAIL_BLOCKED",
    `The guardrail ${guardrail} blocked this request because it found: ${types}.`,
    {
      param: param?.slice(0, longestPath),
      details: { guardrail, findings },
    },
  );
};

interface PiiResult {
  readonly request: ChatRequest;
  /** Path of the first finding. */
  readonly firstPath: string | undefined;
  /** Path of the first finding in a name or an id, which cannot be redacted. */
  readonly fixedPath: string | undefined;
}

/** The texts of a request as their readers will read them, in the order of a walk. */
const textsOf = (request: ChatRequest): string[] => {
  const texts: string[] = [];
  const add = (text: string, { json }: { readonly json: boolean }): string => {
    texts.push(json ? readJsonText(text) : text);
    return text;
  };
  mapRequestTexts(request, { text: add, fixed: add, sealed: (text, at) => add(text, at) === text });
  return texts;
};

/**
 * Which of the texts hold a finding, by their index. They are judged as one text in lines, which costs their length however
 * many they are. A line end is part of no value but a private key, and then each of its lines is named.
 */
const textsWithFindings = (texts: readonly string[]): ReadonlySet<number> => {
  const found = new Set<number>();
  let index = 0;
  let end = texts[0]?.length ?? 0;
  for (const finding of findPii(texts.join("\n"))) {
    while (end <= finding.start && index < texts.length - 1) {
      index += 1;
      end += 1 + (texts[index]?.length ?? 0);
    }
    found.add(index);
    let lastEnd = end;
    for (let last = index + 1; lastEnd < finding.end && last < texts.length; last += 1) {
      lastEnd += 1 + (texts[last]?.length ?? 0);
      found.add(last);
    }
  }
  return found;
};

const judgePii = (
  request: ChatRequest,
  action: GuardrailAction,
  placeholders: Placeholders,
  tally: FindingTally,
): PiiResult => {
  const texts = textsOf(request);
  const found = textsWithFindings(texts);
  if (found.size === 0) return { request, firstPath: undefined, fixedPath: undefined };
  // Where the request is going to be refused, all its findings are reported at once.
  const mode = action === "redact" ? "redact" : "flag";
  if (mode === "redact") for (const text of texts) placeholders.reserve(text);
  let firstPath: string | undefined;
  let fixedPath: string | undefined;
  const note = (type: string, path: string): void => {
    firstPath ??= path;
    tally.add("pii", type);
  };
  let index = -1;
  const isClean = (): boolean => {
    index += 1;
    return !found.has(index);
  };
  const noteAll = (text: string, path: string): boolean => {
    const findings = findPii(text);
    for (const { type } of findings) note(type, path);
    return findings.length > 0;
  };
  const judged = mapRequestTexts(request, {
    text: (text, { path, json }) =>
      isClean() ? text : judgeText(text, { action: mode, json, placeholders, onFinding: (type) => note(type, path) }),
    fixed: (text, { path }) => {
      if (!isClean() && noteAll(text, path)) fixedPath ??= path;
    },
    sealed: (text, { path }) => isClean() || !noteAll(text, path) || mode === "flag",
  });
  return { request: mode === "redact" ? judged : request, firstPath, fixedPath };
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
  const add = (text: string, { path, isSaid }: TextPlace): string => {
    if (isSaid && text !== "") {
      texts.push(text);
      paths.push(path);
    }
    return text;
  };
  mapRequestTexts(request, { text: add, fixed: add, sealed: (text, at) => add(text, at) === text });
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
 * The guardrails of a request: personal data in every text that leaves for a provider, harmful content in what is said in
 * its messages. Personal data first, so that the moderation, another
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
    const { request: left, firstPath, fixedPath } = judgePii(request, pii, placeholders, tally);
    judged = left;
    // A name with a placeholder would be refused by the provider, or name nothing.
    const path = pii === "block" ? firstPath : pii === "redact" ? fixedPath : undefined;
    if (path !== undefined) return result(request, blockedBy("pii", tally, path));
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
