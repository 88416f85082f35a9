import type { Response } from "openai/resources/responses/responses";
import type { ProviderOutcome } from "#core/providers/provider.ts";
import type { SseEvent } from "#core/providers/sse-parser.ts";
import type { EventTap } from "#core/providers/tapped-events.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { failureFromBody } from "./errors.ts";
import { malformed, toResponsesFinish, toResponsesUsage } from "./responses-answer.ts";

/** Events that repeat what others have said. They pass sound. */
const repeating =
  /^response\.(?:in_progress|content_part\.|output_text\.(?:done|annotation)|reasoning_\w+\.done|\w+\.in_progress)/;

/** Items whose beginning is nothing that a caller would see. */
const quietItems: ReadonlySet<unknown> = new Set(["reasoning", "message"]);

/** Reads what the gateway has to know of a stream of the Responses API, while its bytes pass. */
export class NativeTap implements EventTap {
  readonly provider = "openai";
  readonly outcome: ProviderOutcome;
  #created: JsonRecord = {};
  #sequence = -1;
  readonly #items: unknown[] = [];
  #calls = 0;
  #last: Response | undefined;

  constructor(outcome: ProviderOutcome) {
    this.outcome = outcome;
  }

  get ended(): boolean {
    return this.#last !== undefined;
  }

  /** The whole answer, once its last event has come. */
  get last(): Response | undefined {
    return this.#last;
  }

  /** What a dialect has to know to add events behind those that have passed. */
  get state(): JsonRecord {
    return {
      sequence: this.#sequence,
      response: this.#created,
      output: this.#items.filter((item) => item !== undefined),
    };
  }

  /** @throws ProviderFailure for an event that reports one, or is none */
  read({ event: name, data }: SseEvent): void {
    if (data.startsWith("[DONE]")) return;
    if (repeating.test(name)) {
      this.#sequence += 1;
      return;
    }
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      throw malformed("an event is not JSON");
    }
    if (!isRecord(event)) throw malformed("an event is not an object");
    this.#note(event);
    this.#sequence = typeof event.sequence_number === "number" ? event.sequence_number : this.#sequence + 1;
  }

  #note(event: JsonRecord): void {
    const type = String(event.type);
    if (type.endsWith(".delta")) {
      this.outcome.contentStarted = true;
      if (typeof event.delta === "string") this.outcome.outputCharacters += event.delta.length;
      return;
    }
    switch (type) {
      case "response.created":
        if (isRecord(event.response)) this.#created = event.response;
        break;
      case "response.output_item.added":
        if (isRecord(event.item)) this.#noteItem(event.item);
        break;
      case "response.output_item.done":
        this.outcome.contentStarted = true;
        if (typeof event.output_index === "number") this.#items.push(event.item);
        break;
      case "response.completed":
      case "response.incomplete":
      case "response.failed":
        this.#finish(event.response as Response);
        break;
      default:
        this.#noteOther(event);
    }
  }

  /** An error in any of its shapes. Anything else passes. */
  #noteOther(event: JsonRecord): void {
    const { type, message, code, param } = event;
    const failure =
      type === "error" && typeof message === "string"
        ? failureFromBody("openai", { error: { type: "server_error", message, code, param } })
        : failureFromBody("openai", event);
    if (failure !== undefined) throw failure;
    if (type === "error") throw malformed("the stream reported an error without a reason");
  }

  #noteItem({ type }: JsonRecord): void {
    if (type === "function_call" || type === "custom_tool_call") this.#calls += 1;
    if (!quietItems.has(type)) this.outcome.contentStarted = true;
  }

  #finish(response: Response): void {
    if (!isRecord(response)) throw malformed("the last event has no response");
    const { outcome } = this;
    outcome.usage = toResponsesUsage(response.usage) ?? outcome.usage;
    outcome.responseModel = response.model;
    outcome.finishReason = toResponsesFinish(response, this.#calls);
    outcome.contentStarted = true;
    this.#last = response;
  }
}
