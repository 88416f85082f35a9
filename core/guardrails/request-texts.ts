import { type ChatRequest, gatewayFields } from "#core/schemas/chat.ts";
import { isRecord } from "#core/values/records.ts";
import { textsIn } from "./text-leaves.ts";

export interface TextPlace {
  /** Such as `messages[0].content`. */
  readonly path: string;
  /** The text is JSON: a tool's arguments. */
  readonly json: boolean;
  /** It is said in the conversation, by whomever: not a name, a description or a setting. */
  readonly isSaid: boolean;
}

export interface RequestVisitors {
  /** One text of a request, and what takes its place. */
  readonly text: (text: string, at: TextPlace) => string;
  /** A name or an id: providers allow no other characters in it and match it with others, so it stays as it is. */
  readonly fixed: (text: string, at: TextPlace) => void;
  /** A field whose texts cannot be changed, such as signed thinking: whether it stays. */
  readonly sealed: (text: string, at: TextPlace) => boolean;
}

type Fields = Readonly<Record<string, unknown>>;
/** What a field becomes. Undefined: it is left out. */
type Rule = (value: unknown, path: string) => unknown;
type Rules = Readonly<Record<string, Rule>>;

/** A name that holds nothing: paths stand in errors. Any other is `*` in a path. */
const plainName = /^[A-Za-z_]{1,64}$/;

/** Integers below have too few digits for a card number, the shortest value that is a bare number. */
const leastNumber = 1_000_000_000_000;

/** Goes through a request with the visitors. Every field without a rule is read, so that no new field is forgotten. */
class Walk {
  readonly #visitors: RequestVisitors;

  constructor(visitors: RequestVisitors) {
    this.#visitors = visitors;
  }

  request(request: ChatRequest): ChatRequest {
    return this.#fields(request, "", this.#ofRequest) as ChatRequest;
  }

  readonly #kept: Rule = (value) => value;

  readonly #said: Rule = (value, path) => this.#each(value, path, true);

  readonly #read: Rule = (value, path) => this.#each(value, path, false);

  readonly #fixed: Rule = (value, path) => {
    if (typeof value === "string") this.#visitors.fixed(value, { path, json: false, isSaid: false });
    return typeof value === "string" ? value : this.#read(value, path);
  };

  readonly #sealed: Rule = (value, path) =>
    this.#visitors.sealed(textsIn(value).join("\n"), { path, json: false, isSaid: true }) ? value : undefined;

  readonly #json: Rule = (value, path) =>
    typeof value === "string"
      ? this.#visitors.text(value, { path, json: true, isSaid: true })
      : this.#said(value, path);

  #record(rules: Rules): Rule {
    return (value, path) => (isRecord(value) ? this.#fields(value, path, rules) : this.#read(value, path));
  }

  #list(rule: Rule): Rule {
    return (value, path) =>
      Array.isArray(value) ? value.map((item: unknown, index) => rule(item, `${path}[${index}]`)) : rule(value, path);
  }

  #fields(fields: Fields, path: string, rules: Rules): Record<string, unknown> {
    const mapped: [string, unknown][] = [];
    for (const [field, value] of Object.entries(fields)) {
      const name = plainName.test(field) ? field : "*";
      const at = path === "" ? name : `${path}.${name}`;
      const rule = Object.hasOwn(rules, field) ? rules[field] : undefined;
      const left = rule === undefined ? this.#read(value, at) : rule(value, at);
      if (left === undefined && value !== undefined) continue;
      mapped.push([rule === undefined ? this.#text(field, at, false) : field, left]);
    }
    return Object.fromEntries(mapped);
  }

  #text(text: string, path: string, isSaid: boolean): string {
    return this.#visitors.text(text, { path, json: false, isSaid });
  }

  /** A value of any form: its texts, its fields' names, and numbers that are long enough to mean somebody. */
  #each(value: unknown, path: string, isSaid: boolean): unknown {
    if (typeof value === "string") return this.#text(value, path, isSaid);
    if (typeof value === "number" && Number.isInteger(value) && value >= leastNumber) {
      const written = String(value);
      const left = this.#text(written, path, isSaid);
      return left === written ? value : left;
    }
    if (Array.isArray(value)) return value.map((item: unknown, index) => this.#each(item, `${path}[${index}]`, isSaid));
    return isRecord(value) ? this.#fields(value, path, {}) : value;
  }

  /** Parts: images, audio and files have to arrive as they are, their addresses too. */
  readonly #part = this.#record({
    type: this.#kept,
    text: this.#said,
    refusal: this.#said,
    image_url: this.#record({ url: this.#kept }),
    input_audio: this.#record({ data: this.#kept }),
    file: this.#record({ file_data: this.#kept, file_id: this.#fixed }),
  });

  readonly #call = this.#record({
    id: this.#fixed,
    type: this.#kept,
    function: this.#record({ name: this.#fixed, arguments: this.#json }),
    custom: this.#record({ name: this.#fixed, input: this.#said }),
    extra_content: this.#sealed,
  });

  readonly #content: Rule = (value, path) =>
    Array.isArray(value) ? this.#list(this.#part)(value, path) : this.#said(value, path);

  readonly #message = this.#record({
    role: this.#kept,
    content: this.#content,
    refusal: this.#said,
    reasoning_content: this.#said,
    reasoning: this.#said,
    tool_call_id: this.#fixed,
    tool_calls: this.#list(this.#call),
    extra_content: this.#sealed,
    thinking_blocks: this.#sealed,
    reasoning_details: this.#sealed,
  });

  readonly #tool = this.#record({
    type: this.#kept,
    function: this.#record({ name: this.#fixed }),
    custom: this.#record({ name: this.#fixed }),
  });

  readonly #toolChoice = this.#record({
    type: this.#kept,
    function: this.#record({ name: this.#fixed }),
    custom: this.#record({ name: this.#fixed }),
    allowed_tools: this.#record({ tools: this.#list(this.#tool) }),
  });

  readonly #ofRequest: Rules = {
    // No provider is sent these, and the name of a model chooses one.
    ...Object.fromEntries(gatewayFields.map((field) => [field, this.#kept])),
    model: this.#kept,
    messages: this.#list(this.#message),
    tools: this.#list(this.#tool),
    tool_choice: this.#toolChoice,
    response_format: this.#record({ type: this.#kept, json_schema: this.#record({ name: this.#fixed }) }),
  };
}

/**
 * A request with every text that leaves for a provider replaced by what the visitors say, wherever it stands: messages with
 * their names and tool calls, a prediction, schemas and descriptions, metadata, and fields that the gateway does not know.
 * Not visited: the data and addresses of images, audio and files.
 */
export const mapRequestTexts = (request: ChatRequest, visitors: RequestVisitors): ChatRequest =>
  new Walk(visitors).request(request);
