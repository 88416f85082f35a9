import type { ChatCompletion } from "openai/resources/chat/completions";
import { GatewayError } from "#core/errors.ts";
import { isRecord } from "#core/values/records.ts";
import { ChoiceFindings } from "./choice-findings.ts";
import type { FindingCount } from "./finding.ts";
import { type OutputGuardOptions, textChannels } from "./output-guard.ts";
import type { Restorer } from "./restorer.ts";
import { findPii } from "./scan.ts";
import type { TextChannel } from "./text-channel.ts";
import { textsIn } from "./text-leaves.ts";

type Choice = ChatCompletion.Choice;
type Fields = Record<string, unknown>;

export interface GuardedCompletion {
  readonly completion: ChatCompletion;
  readonly findings: readonly FindingCount[];
  /** Indexes of the choices that a guardrail ended. */
  readonly blocked: ReadonlySet<number>;
}

/** In the order in which a stream brings them. */
const textFields = ["reasoning_content", "reasoning", "content", "refusal"] as const;
/** The other fields of a message; any further one holds what we do not know. */
const knownFields: readonly string[] = [...textFields, "role", "tool_calls"];

interface MappedMessage {
  readonly message: Fields;
  readonly blocked: boolean;
}

/** Sends each text of a message through a channel. A blocked one ends there, and nothing follows it. */
const mapMessage = (given: Fields, channel: (json: boolean) => TextChannel): MappedMessage => {
  const message = { ...given };
  let blocked = false;
  const map = (text: string, json: boolean): string => {
    if (blocked) return "";
    const way = channel(json);
    const left = way.push(text) + way.end();
    blocked = way.blocked;
    return left;
  };
  for (const field of textFields) {
    const text = given[field];
    if (typeof text === "string" && text !== "") message[field] = map(text, false);
  }
  const calls = Array.isArray(given.tool_calls) ? given.tool_calls.filter(isRecord) : [];
  const mapped = calls.map((call) => ({
    ...call,
    ...(isRecord(call.function) && { function: mapBody(call.function, "arguments", (text) => map(text, true)) }),
    ...(isRecord(call.custom) && { custom: mapBody(call.custom, "input", (text) => map(text, false)) }),
  }));
  if (calls.length > 0) message.tool_calls = mapped;
  // Half a call must not be run.
  if (blocked) delete message.tool_calls;
  return { message, blocked };
};

const mapBody = (body: Fields, field: string, map: (text: string) => string): Fields => {
  const text = body[field];
  return typeof text === "string" ? { ...body, [field]: map(text) } : body;
};

/** Takes off what repeats the text in another form: probabilities of tokens always, signed thoughts when they or the text hold a finding. */
const withoutEchoes = (choice: Choice, message: Fields, found: boolean): Fields => {
  const kept: Fields = {};
  for (const [field, value] of Object.entries(message)) {
    const unknown = !knownFields.includes(field);
    if (unknown && (found || findPii(textsIn(value).join("")).length > 0)) continue;
    kept[field] = value;
  }
  return { ...choice, logprobs: null, message: kept };
};

const ended = (choice: Fields, message: Fields): Fields => ({ ...choice, message, finish_reason: "content_filter" });

const moderated = async (
  choices: readonly Choice[],
  options: OutputGuardOptions,
  findings: ChoiceFindings,
): Promise<readonly Choice[]> => {
  const { moderate, signal, settings } = options;
  const flags = settings.content_moderation === "flag";
  let verdicts: readonly (readonly string[])[];
  try {
    verdicts = await moderate(
      choices.map(({ message }) => textsIn({ ...message, role: undefined }).join("\n")),
      signal,
    );
  } catch (error) {
    if (!flags || !(error instanceof GatewayError) || signal.aborted) throw error;
    for (const { index } of choices) findings.of(index).add("content_moderation", "unavailable");
    return choices;
  }
  return choices.map((choice, place) => {
    const categories = verdicts[place] ?? [];
    for (const category of categories) findings.of(choice.index).add("content_moderation", category);
    if (categories.length === 0 || flags) return choice;
    findings.block(choice.index);
    const message = { role: "assistant", content: "", refusal: null };
    return { ...ended(choice as unknown as Fields, message), logprobs: null } as unknown as Choice;
  });
};

const restored = (choice: Choice, restore: Restorer): Choice =>
  ({
    ...choice,
    message: mapMessage(choice.message as unknown as Fields, (json) => restore.channel(json)).message,
  }) as unknown as Choice;

/**
 * The guardrails of a whole answer. A blocked choice keeps what precedes the finding, loses its tool calls and ends with
 * `content_filter`; findings stand in the choice's `guardrails`.
 * @throws GatewayError SERVICE_UNAVAILABLE when a moderation that must judge cannot.
 */
export const applyOutputGuardrails = async (
  completion: ChatCompletion,
  options: OutputGuardOptions,
): Promise<GuardedCompletion> => {
  const findings = new ChoiceFindings();
  const { settings, restore } = options;
  const judge = textChannels(options, findings, undefined);
  const judges = settings.pii === "block" || settings.pii === "redact";
  let choices: readonly Choice[] = completion.choices.map((choice) => {
    if (settings.pii === undefined) return choice;
    const { message, blocked } = mapMessage(choice.message as unknown as Fields, (json) => judge(choice.index, json));
    if (blocked) findings.block(choice.index);
    const whole = judges ? withoutEchoes(choice, message, !findings.of(choice.index).isEmpty) : { ...choice, message };
    return (blocked ? ended(whole, whole.message as Fields) : whole) as unknown as Choice;
  });
  if (settings.content_moderation !== undefined) choices = await moderated(choices, options, findings);
  if (restore !== undefined) choices = choices.map((choice) => restored(choice, restore));
  const marked = choices.map((choice) => findings.mark(choice, findings.blocked.has(choice.index)));
  return { completion: { ...completion, choices: marked }, findings: findings.counts(), blocked: findings.blocked };
};
