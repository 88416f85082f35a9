import { isRecord } from "#core/values/records.ts";

/** What an answer is called where its provider did not say. */
export interface AnswerFacts {
  readonly completionId: string;
  /** The model that was asked for. */
  readonly model: string;
  readonly createdSeconds: number;
}

export const isFilled = (value: unknown): value is string => typeof value === "string" && value !== "";

const serviceTiers: ReadonlySet<unknown> = new Set(["auto", "default", "flex", "scale", "priority", "fast", null]);
const isTextOrNull = (value: unknown): boolean => typeof value === "string" || value === null;

/** Members that an answer may have, with what OpenAI's schema lets them be. */
const optionalMembers: readonly (readonly [name: string, isValid: (value: unknown) => boolean])[] = [
  ["service_tier", (value) => serviceTiers.has(value)],
  ["system_fingerprint", isTextOrNull],
  ["obfuscation", (value) => typeof value === "string"],
  ["moderation", (value) => value === null || isRecord(value)],
  ["metadata", (value) => value === null || isRecord(value)],
];

/**
 * An answer, or a chunk of one, with the members that OpenAI's schema requires of it, and without those that it does not
 * allow. The same object where nothing is wrong.
 */
export const withFacts = <Answer extends object>(answer: Answer, object: string, facts: AnswerFacts): Answer => {
  const given = answer as Record<string, unknown>;
  const fixed: Record<string, unknown> = {};
  if (!isFilled(given.id)) fixed.id = facts.completionId;
  if (given.object !== object) fixed.object = object;
  if (!Number.isSafeInteger(given.created)) {
    fixed.created = Number.isFinite(given.created) ? Math.floor(given.created as number) : facts.createdSeconds;
  }
  if (!isFilled(given.model)) fixed.model = facts.model;
  for (const [name, isValid] of optionalMembers) {
    if (given[name] !== undefined && !isValid(given[name])) fixed[name] = undefined;
  }
  for (const _ in fixed) return { ...answer, ...fixed };
  return answer;
};
