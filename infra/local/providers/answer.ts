import { taskCall } from "./agent-tasks.ts";
import type { Conversation, OfferedTool } from "./conversation.ts";
import { councilText } from "./council-roles.ts";
import type { Directives } from "./directives.ts";
import { objectOf } from "./json.ts";
import { exampleOf } from "./schema-example.ts";
import { shortened, textOfLength, tokensOf } from "./text-pieces.ts";

/** Why the model stopped, in OpenAI's words or, when scripted so, in the provider's own. */
export type Finish = "stop" | "stop_sequence" | "length" | "tool_calls" | "content_filter" | (string & {});

export interface AnswerToolCall {
  readonly name: string;
  /** JSON text; of a custom tool, its input. */
  readonly arguments: string;
  readonly custom: boolean;
}

/** Tokens as OpenAI counts: `input` includes cached ones and cache writes, `output` includes reasoning. */
export interface AnswerUsage {
  readonly input: number;
  readonly cached: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly reasoning: number;
}

/** What a simulated model says, the same for every wire format. */
export interface Answer {
  readonly text: string;
  readonly refused: boolean;
  readonly reasoningText: string;
  readonly toolCalls: readonly AnswerToolCall[];
  readonly finish: Finish;
  readonly stopSequence: string | undefined;
  readonly usage: AnswerUsage;
}

const echoLength = 200;
/** What every custom tool is called with: no grammar is followed. */
const customInput = "simulated input: no grammar is followed";
const asksForTool = /\b(weather|tools?)\b/i;

/** A text names a tool, or asks to search where the tool does that. */
const mentions = (text: string, tool: OfferedTool): boolean => {
  const lower = text.toLowerCase();
  const name = tool.name.toLowerCase();
  if (lower.includes(name) || lower.includes(name.replaceAll(/[_-]+/g, " "))) return true;
  return name.includes("search") && /\bsearch\b/.test(lower);
};

const queryLength = 100;

/** Arguments that satisfy a tool's schema. What asks for a query is given the question, as far as its first sentence. */
const argumentsFor = ({ schema }: OfferedTool, question: string): string => {
  const example = objectOf(exampleOf({ type: "object", ...schema }));
  const [sentence = ""] = /^[^.?!\n]+[.?!]?/.exec(question) ?? [];
  const asked = sentence.trim() !== "" && typeof example.query === "string";
  return JSON.stringify(asked ? { ...example, query: [...sentence.trim()].slice(0, queryLength).join("") } : example);
};

const toolsToCall = (conversation: Conversation, question: string): readonly OfferedTool[] => {
  const { tools, toolChoice, toolResults } = conversation;
  if (toolChoice === "none" || toolResults.length > 0) return [];
  if (typeof toolChoice === "object") return tools.filter((tool) => tool.name === toolChoice.name).slice(0, 1);
  const named = tools.filter((tool) => mentions(question, tool));
  if (named.length > 0) return conversation.parallelToolCalls ? named : named.slice(0, 1);
  if (toolChoice === "required") return tools.slice(0, 1);
  const word = asksForTool.exec(question)?.[0]?.toLowerCase();
  if (word === undefined) return [];
  const fitting =
    tools.find((tool) => tool.name.toLowerCase().includes(word)) ?? (word === "weather" ? undefined : tools[0]);
  return fitting === undefined ? tools.slice(0, 1) : [fitting];
};

const callsOf = (conversation: Conversation, question: string): readonly AnswerToolCall[] => {
  const task = taskCall(conversation, question);
  if (task !== undefined) {
    const { tool } = task;
    return [{ name: tool.name, arguments: task.arguments, custom: tool.custom === true }];
  }
  return toolsToCall(conversation, question).map((tool) => ({
    name: tool.name,
    arguments: tool.custom === true ? customInput : argumentsFor(tool, question),
    custom: tool.custom === true,
  }));
};

const plainText = (conversation: Conversation, question: string, directives: Directives): string => {
  const onCouncil = councilText(conversation, question);
  if (onCouncil !== undefined) return onCouncil;
  if (directives.text !== undefined) return directives.text;
  if (directives.textLength !== undefined) return textOfLength(directives.textLength);
  if (directives.chunks !== undefined) return textOfLength(directives.chunks * 6);
  if (directives.refusal) return "I'm sorry, but I can't help with that. (This is a simulated refusal.)";
  if (conversation.jsonSchema !== undefined) return JSON.stringify(exampleOf(conversation.jsonSchema));
  if (conversation.toolResults.length > 0) {
    const results = conversation.toolResults.map(
      ({ toolName, text }) => `${toolName ?? "the tool"} said ${shortened(text, echoLength)}`,
    );
    return `This is a simulated answer. ${results.join("; ")}`;
  }
  const images = conversation.imageCount;
  const seen = images === 0 ? "" : ` I received ${images === 1 ? "an image" : `${images} images`}, which I cannot see.`;
  const asked = question === "" ? "" : ` You asked: ${shortened(question, echoLength)}`;
  return `This is a simulated answer; no model was called.${seen}${asked}${directives.splitCharacters ? " Grüße, 世界 🙂" : ""}`;
};

interface Ended {
  readonly text: string;
  readonly finish: Finish;
  readonly stopSequence?: string;
}

/** Ends a text where a stop sequence or the token limit would. */
const endText = (text: string, conversation: Conversation): Ended => {
  const stops = conversation.stopSequences
    .map((sequence) => ({ sequence, at: text.indexOf(sequence) }))
    .filter(({ sequence, at }) => sequence !== "" && at >= 0)
    .sort((one, other) => one.at - other.at);
  const [first] = stops;
  const kept = first === undefined ? text : text.slice(0, first.at);
  const most = conversation.maxOutputTokens;
  if (most !== undefined && tokensOf(kept.length) > most)
    return { text: [...kept].slice(0, most * 4).join(""), finish: "length" };
  return first === undefined
    ? { text: kept, finish: "stop" }
    : { text: kept, finish: "stop_sequence", stopSequence: first.sequence };
};

/** Decides what the simulated model says. `question` is the last user text without its directives. */
export const planAnswer = (conversation: Conversation, question: string, directives: Directives): Answer => {
  const scripted = directives.text !== undefined || directives.refusal === true;
  const toolCalls = scripted ? [] : callsOf(conversation, question);
  const ended: Ended =
    toolCalls.length > 0
      ? { text: "", finish: "tool_calls" }
      : endText(plainText(conversation, question, directives), conversation);
  const reasoningText = conversation.reasons ? "The question is simple, so a short simulated answer will do." : "";
  const reasoning = directives.reasoningTokens ?? (reasoningText === "" ? 0 : tokensOf(reasoningText.length));
  const cached = directives.cachedTokens ?? 0;
  const cacheWrite = directives.cacheWriteTokens ?? 0;
  const answerCharacters =
    ended.text.length + toolCalls.reduce((sum, call) => sum + call.name.length + call.arguments.length, 0);
  return {
    text: ended.text,
    refused: directives.refusal === true,
    reasoningText,
    toolCalls,
    finish: directives.finish ?? ended.finish,
    stopSequence: ended.stopSequence,
    usage: {
      input: Math.max(tokensOf(conversation.promptCharacters) + 3, cached + cacheWrite + 1),
      cached,
      cacheWrite,
      output: tokensOf(answerCharacters) + reasoning,
      reasoning,
    },
  };
};
