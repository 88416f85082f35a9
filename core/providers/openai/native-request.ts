import "#adapter";
import { asksNothing } from "#core/providers/apply-fields.ts";
import type { NativeRequest } from "#core/providers/native.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { nearestEffort } from "#core/providers/reasoning-effort.ts";
import { warningNames } from "#core/providers/warnings.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import type { ShapedRequest } from "./dialect.ts";
import { type ModelTraits, traitsOf } from "./model-traits.ts";
import { reviewResponses } from "./review-responses.ts";

const isNewTool = (tool: unknown): boolean => isRecord(tool) && (tool.type === "custom" || tool.type === "namespace");

const takesNewTools = ({ reasons, unknown }: ModelTraits): boolean => reasons || unknown;

/**
 * Whether a request passes as it came. Models before GPT-5 know functions only: what agents always send would fail there, and
 * is translated instead.
 */
export const passesNatively = ({ credential, model }: ProviderCall, { body }: NativeRequest): boolean =>
  credential.byok || takesNewTools(traitsOf(model)) || !(Array.isArray(body.tools) && body.tools.some(isNewTool));

const encrypted = "reasoning.encrypted_content";

/** Reasoning comes encrypted, since nothing is stored; models that do not reason refuse to be asked for it. */
const includes = (body: JsonRecord, { reasons, unknown }: ModelTraits): JsonRecord => {
  if (unknown) return body.include === undefined ? {} : { include: body.include };
  const asked = (Array.isArray(body.include) ? body.include : []).filter((name) => name !== encrypted);
  const all: readonly unknown[] = reasons ? [...asked, encrypted] : asked;
  return all.length === 0 ? {} : { include: all };
};

const fittingReasoning = (body: JsonRecord, traits: ModelTraits, warnings: Set<string>): JsonRecord => {
  const { reasoning, text, ...rest } = body;
  const fitting: JsonRecord = rest;
  const asked = isRecord(reasoning) ? reasoning : {};
  if (traits.reasons && Object.keys(asked).length > 0) {
    const wanted = typeof asked.effort === "string" ? asked.effort : undefined;
    const effort = wanted === undefined ? undefined : nearestEffort(wanted, traits.efforts);
    if (effort !== wanted) warnings.add("reasoning.effort");
    const { effort: _, ...others } = asked;
    fitting.reasoning = effort === undefined ? others : { ...others, effort };
  } else if (asked.effort !== undefined && asked.effort !== "none") warnings.add("reasoning.effort");
  if (isRecord(text)) {
    const { verbosity, ...others } = text;
    if (verbosity !== undefined && !traits.reasons && verbosity !== "medium") warnings.add("text.verbosity");
    fitting.text = traits.reasons && verbosity !== undefined ? { ...others, verbosity } : others;
  }
  return fitting;
};

const samplingFields = ["temperature", "top_p", "top_logprobs"] as const;

/** Models that reason refuse to be sampled otherwise, and clients send the defaults all the same. */
const fittingSampling = (body: JsonRecord, traits: ModelTraits, warnings: Set<string>): JsonRecord => {
  if (!traits.reasons) return body;
  const rests = isRecord(body.reasoning) && body.reasoning.effort === "none";
  const fitting = { ...body };
  for (const name of samplingFields) {
    if (body[name] === undefined || (rests && !asksNothing(name, body[name]))) continue;
    delete fitting[name];
    if (!asksNothing(name, body[name])) warnings.add(name);
  }
  return fitting;
};

/**
 * The body of POST /responses for a request that came in this dialect: as it came with the caller's own key, and what has
 * been reviewed, and fits the model, with the platform's.
 */
export const toNativeRequest = ({ model, credential, request }: ProviderCall, native: NativeRequest): ShapedRequest => {
  const stream = request.stream === true ? { stream: true } : {};
  if (credential.byok) return { body: { ...native.body, model, ...stream }, warnings: [] };
  const warnings = new Set<string>();
  const traits = traitsOf(model);
  const reviewed = reviewResponses(native.body, warnings);
  const fitting = traits.unknown
    ? reviewed
    : fittingSampling(fittingReasoning(reviewed, traits, warnings), traits, warnings);
  const { include: _, ...body } = fitting;
  return { body: { ...body, ...includes(fitting, traits), model, ...stream }, warnings: warningNames(warnings) };
};
