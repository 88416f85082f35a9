import { GatewayError } from "#core/errors.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { type GuardrailType, guardrailTypes } from "./finding.ts";

export const guardrailActions = ["block", "redact", "flag"] as const;
export type GuardrailAction = (typeof guardrailActions)[number];

/** What each guardrail does on one side of a request; a guardrail that is not named is off. */
export type GuardrailSide = Readonly<Partial<Record<GuardrailType, GuardrailAction>>>;

export interface GuardrailSettings {
  readonly input: GuardrailSide;
  readonly output: GuardrailSide;
}

/** A bare name blocks: whoever turns a guardrail on is safe first, and opts into less. */
const defaultAction: GuardrailAction = "block";

/** From the strictest: of two entries for one guardrail the stricter one holds. */
const stricter = (one: GuardrailAction | undefined, other: GuardrailAction): GuardrailAction =>
  one === undefined || guardrailActions.indexOf(other) < guardrailActions.indexOf(one) ? other : one;

type Entries = NonNullable<NonNullable<ChatRequest["guardrails"]>["input"]>;

const sideOf = (entries: Entries = []): GuardrailSide => {
  const side: Partial<Record<GuardrailType, GuardrailAction>> = {};
  for (const entry of entries) {
    const { type, action } = typeof entry === "string" ? { type: entry, action: defaultAction } : entry;
    side[type] = stricter(side[type], action);
  }
  return side;
};

const isOneOf = <Choice extends string>(choices: readonly Choice[], value: string): value is Choice =>
  (choices as readonly string[]).includes(value);

const fromHeader = (header: string): GuardrailSide => {
  const side: Partial<Record<GuardrailType, GuardrailAction>> = {};
  for (const word of header.split(",")) {
    const [type = "", action = defaultAction, ...more] = word
      .trim()
      .toLowerCase()
      .split(":")
      .map((part) => part.trim());
    if (type === "" && more.length === 0 && word.trim() === "") continue;
    if (!isOneOf(guardrailTypes, type) || !isOneOf(guardrailActions, action) || more.length > 0) {
      throw new GatewayError(
        "BAD_REQUEST",
        `X-Guardrails must be a list of ${guardrailTypes.join(" and ")}, each with an optional action, such as pii:redact.`,
        { param: "X-Guardrails" },
      );
    }
    side[type] = stricter(side[type], action);
  }
  return side;
};

/**
 * Reads the body's `guardrails` and the header `X-Guardrails`. The header holds for input and output; where the body names
 * the same guardrail for a side, the body's action holds there.
 * @throws GatewayError BAD_REQUEST for an unknown name in the header.
 */
export const readGuardrailSettings = (
  body: ChatRequest["guardrails"],
  header: string | undefined,
): GuardrailSettings => {
  const both = header === undefined ? {} : fromHeader(header);
  return { input: { ...both, ...sideOf(body?.input) }, output: { ...both, ...sideOf(body?.output) } };
};

const isOff = (side: GuardrailSide): boolean => side.pii === undefined && side.content_moderation === undefined;

/** Whether nothing at all is to be judged. */
export const guardrailsAreOff = ({ input, output }: GuardrailSettings): boolean => isOff(input) && isOff(output);

const sideKey = (side: GuardrailSide): string => guardrailTypes.map((type) => side[type] ?? "off").join(",");

/** The settings as one canonical text, for cache keys: equal exactly when the settings are. */
export const guardrailsKey = ({ input, output }: GuardrailSettings): string =>
  `input=${sideKey(input)};output=${sideKey(output)}`;
