import type { Response, ResponseOutputItem, ResponseStreamEvent } from "openai/resources/responses/responses";
import { ProviderFailure } from "#core/providers/provider.ts";
import { SseFrameTooLargeError, SseParser } from "#core/providers/sse-parser.ts";
import { isRecord } from "#core/values/records.ts";
import { isFilled } from "./answer-facts.ts";
import { failureFromBody } from "./errors.ts";
import {
  malformed,
  type ResponsesAnswerOptions,
  toReasoningDetail,
  toResponsesFinish,
  toResponsesUsage,
} from "./responses-answer.ts";
import { newCallId } from "./tool-call-facts.ts";

const frameEnd = `,"logprobs":null,"finish_reason":null}]}\n\n`;

/** Where the text of a call stands in a delta. */
const textField = { function: "arguments", custom: "input" } as const;

interface OpenCall {
  /** Of the call among the answer's calls. */
  readonly index: number;
  readonly type: "function" | "custom";
  /** Arguments or input have come. */
  hasText: boolean;
}

/** Turns the events of the Responses API, one by one, into frames of OpenAI's chat.completion.chunk. */
class ResponsesTranslator {
  readonly #options: ResponsesAnswerOptions;
  /** By the item's outputIndex in the output. */
  readonly #calls = new Map<number, OpenCall>();
  readonly #ids = new Set<string>();
  readonly #frameStart: string;
  #roleSent = false;
  #finished = false;

  constructor(options: ResponsesAnswerOptions) {
    this.#options = options;
    const { completionId: id, createdSeconds: created, model } = options;
    const constant = JSON.stringify({ id, object: "chat.completion.chunk", created, model });
    this.#frameStart = `data: ${constant.slice(0, -1)},"choices":[{"index":0,"delta":`;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** The frames that one event becomes: often one, or none. @throws ProviderFailure */
  translate(data: string): string {
    // What follows the last event is not part of the answer.
    if (this.#finished || data.startsWith("[DONE]")) return "";
    let event: ResponseStreamEvent;
    try {
      event = JSON.parse(data) as ResponseStreamEvent;
    } catch {
      throw malformed("an event is not JSON");
    }
    if (!isRecord(event)) throw malformed("an event is not an object");
    switch (event.type) {
      case "response.output_text.delta":
        return this.#said("content", event.delta);
      case "response.refusal.delta":
        return this.#said("refusal", event.delta);
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        return this.#said("reasoning_content", event.delta);
      case "response.output_item.added":
        return this.#startItem(event.output_index, event.item);
      case "response.function_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        return this.#callText(event.output_index, event.delta);
      case "response.output_item.done":
        return this.#endItem(event.output_index, event.item);
      case "response.completed":
      case "response.incomplete":
      case "response.failed":
        return this.#finish(event.response);
      default:
        return this.#other(event);
    }
  }

  /** An error in any of its shapes; anything else (created, in progress, parts) says nothing that a caller would see. */
  #other(event: unknown): string {
    const { type, message, code, param } = event as Readonly<Record<string, unknown>>;
    const failure =
      type === "error" && typeof message === "string"
        ? failureFromBody("openai", { error: { type: "server_error", message, code, param } })
        : failureFromBody("openai", event);
    if (failure !== undefined) throw failure;
    return "";
  }

  #frame(delta: string): string {
    this.#options.outcome.contentStarted = true;
    if (this.#roleSent) return this.#frameStart + delta + frameEnd;
    this.#roleSent = true;
    const role = delta.startsWith(`{"content":`) ? `{"role":"assistant",` : `{"role":"assistant","content":null,`;
    return this.#frameStart + role + delta.slice(1) + frameEnd;
  }

  #said(field: "content" | "refusal" | "reasoning_content", text: string): string {
    if (typeof text !== "string") throw malformed("a delta is not text");
    if (text === "") return "";
    this.#options.outcome.outputCharacters += text.length;
    return this.#frame(`{"${field}":${JSON.stringify(text)}}`);
  }

  #startItem(outputIndex: number, item: ResponseOutputItem): string {
    if (item?.type !== "function_call" && item?.type !== "custom_tool_call") return "";
    if (!isFilled(item.name)) throw malformed("a tool call has no name");
    const type = item.type === "function_call" ? "function" : "custom";
    const call: OpenCall = { index: this.#calls.size, type, hasText: false };
    this.#calls.set(outputIndex, call);
    const named = {
      index: call.index,
      id: this.#idOf(item.call_id),
      type,
      [type]: { name: item.name, [textField[type]]: "" },
    };
    return this.#frame(`{"tool_calls":[${JSON.stringify(named)}]}`);
  }

  /** A call without an id, or with another's, gets its own. */
  #idOf(given: unknown): string {
    const id = isFilled(given) && !this.#ids.has(given) ? given : newCallId();
    this.#ids.add(id);
    return id;
  }

  #callText(outputIndex: number, text: string): string {
    const call = this.#calls.get(outputIndex);
    if (call === undefined || text === "") return "";
    if (typeof text !== "string") throw malformed("a delta is not text");
    call.hasText = true;
    this.#options.outcome.outputCharacters += text.length;
    const body = `"${call.type}":{"${textField[call.type]}":${JSON.stringify(text)}}`;
    return this.#frame(`{"tool_calls":[{"index":${call.index},${body}}]}`);
  }

  #endItem(outputIndex: number, item: ResponseOutputItem): string {
    const call = this.#calls.get(outputIndex);
    // What came without any delta. No arguments at all are not JSON; an empty input is one.
    if (!isRecord(item)) return "";
    if (item.type === "function_call" && call?.hasText === false) {
      return this.#callText(outputIndex, isFilled(item.arguments) ? item.arguments : "{}");
    }
    if (item.type === "custom_tool_call" && call?.hasText === false)
      return this.#callText(outputIndex, item.input ?? "");
    const detail = toReasoningDetail(item);
    return detail === undefined ? "" : this.#frame(`{"reasoning_details":[${JSON.stringify(detail)}]}`);
  }

  #finish(response: Response): string {
    const { outcome } = this.#options;
    outcome.usage = toResponsesUsage(response?.usage) ?? outcome.usage;
    const reason = toResponsesFinish(response, this.#calls.size);
    if (isFilled(response.model)) outcome.responseModel = response.model;
    const role = this.#roleSent ? "" : this.#frame(`{"content":""}`);
    this.#finished = true;
    outcome.finishReason = reason;
    outcome.contentStarted = true;
    return `${role}${this.#frameStart}{},"logprobs":null,"finish_reason":"${reason}"}]}\n\n`;
  }
}

export interface ResponsesStream extends ResponsesAnswerOptions {
  readonly body: AsyncIterable<Buffer>;
  /** What a broken connection becomes. */
  readonly toFailure: (error: unknown) => Error;
}

/**
 * Frames of a Responses stream, one string for each read that brought any. Ends normally only after a finish reason.
 * @throws ProviderFailure, after the frames that came before the fault.
 */
export async function* readResponsesStream({ body, toFailure, ...options }: ResponsesStream): AsyncGenerator<string> {
  const parser = new SseParser();
  const translator = new ResponsesTranslator(options);
  let frames = "";
  let delivered = false;
  try {
    for await (const part of body) {
      for (const { data } of parser.push(part)) frames += translator.translate(data);
      if (frames === "") continue;
      const ready = frames;
      frames = "";
      delivered = true;
      yield ready;
    }
    for (const { data } of parser.end()) frames += translator.translate(data);
    if (!translator.finished) throw malformed("the stream ended without its last event");
    if (frames !== "") yield frames;
  } catch (error) {
    // Where nothing was passed on yet, another target may still answer.
    if (frames !== "" && (delivered || translator.finished)) yield frames;
    // The answer is whole: how the connection ended after it is nothing that the caller could act on.
    if (translator.finished) return;
    if (error instanceof ProviderFailure) throw error;
    throw error instanceof SseFrameTooLargeError ? malformed(error.message) : toFailure(error);
  }
}
