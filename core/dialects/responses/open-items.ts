import type { ResponseOutputText } from "openai/resources/responses/responses";
import type { Carried } from "./carried.ts";
import { InputReader, inputOfArguments } from "./custom-input.ts";
import type { EventLog } from "./event-log.ts";
import { callItem, type ItemStatus, messageItem, reasoningItem, refusalPart, textPart } from "./output-items.ts";
import type { ToolName } from "./tool-names.ts";

/** Items of a streamed answer while they grow. Each is added once, grows, and is closed once. */

export class OpenReasoning {
  readonly #log: EventLog;
  readonly #id: string;
  readonly #index: number;
  #summary = "";

  constructor(log: EventLog, id: string) {
    this.#log = log;
    this.#id = id;
    this.#index = log.begin(reasoningItem(id, "", undefined));
  }

  get #place() {
    return { item_id: this.#id, output_index: this.#index, summary_index: 0 };
  }

  add(text: string): void {
    if (this.#summary === "") {
      this.#log.add("response.reasoning_summary_part.added", {
        ...this.#place,
        part: { type: "summary_text", text: "" },
      });
    }
    this.#summary += text;
    this.#log.add("response.reasoning_summary_text.delta", { ...this.#place, delta: text });
  }

  close(carried: Carried): void {
    const text = this.#summary;
    if (text !== "") {
      this.#log.add("response.reasoning_summary_text.done", { ...this.#place, text });
      this.#log.add("response.reasoning_summary_part.done", { ...this.#place, part: { type: "summary_text", text } });
    }
    this.#log.end(this.#index, reasoningItem(this.#id, text, carried));
  }
}

type Logprobs = NonNullable<ResponseOutputText["logprobs"]>;

interface OpenPart {
  readonly kind: "output_text" | "refusal";
  text: string;
  readonly logprobs: Logprobs;
}

const partOf = ({ kind, text, logprobs }: OpenPart) =>
  kind === "refusal" ? refusalPart(text) : textPart(text, logprobs);

export class OpenMessage {
  readonly #log: EventLog;
  readonly #id: string;
  readonly #index: number;
  readonly #parts: OpenPart[] = [];

  constructor(log: EventLog, id: string) {
    this.#log = log;
    this.#id = id;
    this.#index = log.begin(messageItem(id, "in_progress", []));
  }

  #place(contentIndex: number) {
    return { item_id: this.#id, output_index: this.#index, content_index: contentIndex };
  }

  #part(kind: OpenPart["kind"]): OpenPart {
    const last = this.#parts.at(-1);
    if (last?.kind === kind) return last;
    this.#endPart();
    const part: OpenPart = { kind, text: "", logprobs: [] };
    this.#parts.push(part);
    this.#log.add("response.content_part.added", { ...this.#place(this.#parts.length - 1), part: partOf(part) });
    return part;
  }

  add(kind: OpenPart["kind"], text: string, logprobs: Logprobs = []): void {
    const part = this.#part(kind);
    part.text += text;
    part.logprobs.push(...logprobs);
    const place = this.#place(this.#parts.length - 1);
    this.#log.add(`response.${kind}.delta`, {
      ...place,
      delta: text,
      ...(kind === "output_text" ? { logprobs } : {}),
    });
  }

  #endPart(): void {
    const last = this.#parts.at(-1);
    if (last === undefined) return;
    const place = this.#place(this.#parts.length - 1);
    const { kind, text, logprobs } = last;
    this.#log.add(`response.${kind}.done`, {
      ...place,
      ...(kind === "output_text" ? { text, logprobs } : { refusal: text }),
    });
    this.#log.add("response.content_part.done", { ...place, part: partOf(last) });
  }

  close(status: ItemStatus): void {
    this.#endPart();
    this.#log.end(this.#index, messageItem(this.#id, status, this.#parts.map(partOf)));
  }
}

export interface CallStart {
  readonly id: string;
  readonly callId: string;
  readonly tool: ToolName;
}

export class OpenCall {
  readonly #log: EventLog;
  readonly #start: CallStart;
  readonly #index: number;
  readonly #reader: InputReader | undefined;
  #text = "";
  /** Of a custom tool's input. */
  #sent = "";

  constructor(log: EventLog, start: CallStart) {
    this.#log = log;
    this.#start = start;
    this.#reader = start.tool.type === "custom" ? new InputReader() : undefined;
    this.#index = log.begin(callItem({ ...start, status: "in_progress", text: "" }));
  }

  get #place() {
    return { item_id: this.#start.id, output_index: this.#index };
  }

  add(text: string): void {
    if (text === "") return;
    this.#text += text;
    if (this.#reader === undefined) {
      this.#log.add("response.function_call_arguments.delta", { ...this.#place, delta: text });
      return;
    }
    this.#sendInput(this.#reader.push(text));
  }

  #sendInput(delta: string): void {
    if (delta === "") return;
    this.#sent += delta;
    this.#log.add("response.custom_tool_call_input.delta", { ...this.#place, delta });
  }

  close(status: ItemStatus): void {
    if (this.#reader === undefined) {
      const { name } = this.#start.tool;
      this.#log.add("response.function_call_arguments.done", { ...this.#place, name, arguments: this.#text });
    } else {
      const input = this.#text === "" ? "" : inputOfArguments(this.#text);
      // Arguments of another form could not be read while they came.
      if (input.startsWith(this.#sent)) this.#sendInput(input.slice(this.#sent.length));
      this.#log.add("response.custom_tool_call_input.done", { ...this.#place, input });
    }
    this.#log.end(this.#index, callItem({ ...this.#start, status, text: this.#text }));
  }
}
