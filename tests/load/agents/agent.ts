import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

/** Agents that keep one conversation in their dialect, through the vendor's own SDK. */

export interface Gateway {
  readonly url: string;
  readonly apiKey: string;
}

export interface Called {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

/** One whole answer, as the SDK put it together. */
export interface Answered {
  readonly text: string;
  readonly calls: readonly Called[];
  /** All tokens of the input, cached ones too. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

/** What a tool gave back: words, and an image where it made one. */
export interface Result {
  readonly call: Called;
  readonly text: string;
  /** Base64 of a PNG. */
  readonly image?: string;
}

export interface Agent {
  /** What is kept of the conversation, as it is sent. */
  readonly history: readonly unknown[];
  say(text: string): void;
  give(results: readonly Result[]): void;
  /** Asks with the whole conversation, and keeps the answer. @throws the SDK's error for an answer that is not whole */
  ask(model: string): Promise<Answered>;
  /** Puts other words into the last message of the user. */
  reword(text: string): void;
}

export type FetchLike = typeof fetch;

const schema = {
  type: "object" as const,
  properties: { name: { type: "string" } },
  required: ["name"],
  additionalProperties: false,
};
export const toolNames = ["read_notes", "take_photo"] as const;
const description = "Says what is there";
const maxTokens = 2_000;

const pngUrl = (image: string): string => `data:image/png;base64,${image}`;

abstract class Conversation<Item> {
  history: Item[] = [];
  abstract asUser(text: string): Item;

  say(text: string): void {
    this.history.push(this.asUser(text));
  }

  reword(text: string): void {
    this.history[this.history.length - 1] = this.asUser(text);
  }
}

class ChatAgent extends Conversation<OpenAI.ChatCompletionMessageParam> implements Agent {
  readonly #client: OpenAI;

  constructor({ url, apiKey }: Gateway, fetch: FetchLike) {
    super();
    this.#client = new OpenAI({ apiKey, baseURL: `${url}/api/v1`, maxRetries: 0, fetch });
  }

  asUser(content: string) {
    return { role: "user" as const, content };
  }

  give(results: readonly Result[]): void {
    for (const { call, text, image } of results) {
      const parts = [
        { type: "text", text },
        ...(image === undefined ? [] : [{ type: "image_url", image_url: { url: pngUrl(image) } }]),
      ];
      // The SDK's type knows no image in a result; models that read images take one.
      this.history.push({ role: "tool", tool_call_id: call.id, content: parts as { type: "text"; text: string }[] });
    }
  }

  async ask(model: string): Promise<Answered> {
    const { choices, usage } = await this.#client.chat.completions
      .stream({
        model,
        messages: this.history,
        max_completion_tokens: maxTokens,
        stream_options: { include_usage: true },
        tools: toolNames.map((name) => ({
          type: "function" as const,
          function: { name, description, parameters: schema },
        })),
      })
      .finalChatCompletion();
    const message = choices[0]?.message;
    if (message === undefined) throw new Error("An answer without a choice");
    const calls = (message.tool_calls ?? []).flatMap((call) =>
      call.type === "function" ? [{ id: call.id, ...call.function }] : [],
    );
    this.history.push(message as OpenAI.ChatCompletionMessageParam);
    return {
      text: message.content ?? "",
      calls,
      inputTokens: usage?.prompt_tokens ?? 0,
      cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      outputTokens: usage?.completion_tokens ?? 0,
    };
  }
}

class MessagesAgent extends Conversation<Anthropic.MessageParam> implements Agent {
  readonly #client: Anthropic;

  constructor({ url, apiKey }: Gateway, fetch: FetchLike) {
    super();
    this.#client = new Anthropic({ apiKey, baseURL: `${url}/api`, maxRetries: 0, fetch });
  }

  asUser(text: string) {
    return { role: "user" as const, content: [{ type: "text" as const, text }] };
  }

  give(results: readonly Result[]): void {
    const content = results.map(({ call, text, image }): Anthropic.ToolResultBlockParam => {
      const data =
        image === undefined ? undefined : { type: "base64" as const, media_type: "image/png" as const, data: image };
      return {
        type: "tool_result",
        tool_use_id: call.id,
        content: [{ type: "text", text }, ...(data === undefined ? [] : [{ type: "image" as const, source: data }])],
      };
    });
    this.history.push({ role: "user", content });
  }

  async ask(model: string): Promise<Answered> {
    const { content, usage } = await this.#client.messages
      .stream({
        model,
        max_tokens: maxTokens,
        messages: this.history,
        tools: toolNames.map((name) => ({ name, description, input_schema: schema })),
      })
      .finalMessage();
    this.history.push({ role: "assistant", content });
    const cached = usage.cache_read_input_tokens ?? 0;
    return {
      text: content.map((block) => (block.type === "text" ? block.text : "")).join(""),
      calls: content.flatMap((block) =>
        block.type === "tool_use" ? [{ id: block.id, name: block.name, arguments: JSON.stringify(block.input) }] : [],
      ),
      inputTokens: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0),
      cachedTokens: cached,
      outputTokens: usage.output_tokens,
    };
  }
}

class ResponsesAgent extends Conversation<OpenAI.Responses.ResponseInputItem> implements Agent {
  readonly #client: OpenAI;

  constructor({ url, apiKey }: Gateway, fetch: FetchLike) {
    super();
    this.#client = new OpenAI({ apiKey, baseURL: `${url}/api/v1`, maxRetries: 0, fetch });
  }

  asUser(content: string) {
    return { type: "message" as const, role: "user" as const, content };
  }

  give(results: readonly Result[]): void {
    for (const { call, text, image } of results) {
      const picture =
        image === undefined
          ? []
          : [{ type: "input_image" as const, image_url: pngUrl(image), detail: "auto" as const }];
      this.history.push({
        type: "function_call_output",
        call_id: call.id,
        output: [{ type: "input_text", text }, ...picture],
      });
    }
  }

  async ask(model: string): Promise<Answered> {
    const response = await this.#client.responses
      .stream({
        model,
        input: this.history,
        store: false,
        include: ["reasoning.encrypted_content"],
        max_output_tokens: maxTokens,
        tools: toolNames.map((name) => ({
          type: "function" as const,
          name,
          description,
          parameters: schema,
          strict: true,
        })),
      })
      .finalResponse();
    const { output, output_text: text, usage, status } = response;
    if (status !== "completed") throw new Error(`The response is ${status}`);
    this.history.push(...(output as OpenAI.Responses.ResponseInputItem[]));
    return {
      text,
      calls: output.flatMap((item) =>
        item.type === "function_call" ? [{ id: item.call_id, name: item.name, arguments: item.arguments }] : [],
      ),
      inputTokens: usage?.input_tokens ?? 0,
      cachedTokens: usage?.input_tokens_details.cached_tokens ?? 0,
      outputTokens: usage?.output_tokens ?? 0,
    };
  }
}

/** An agent of each dialect. */
export const agents = {
  "chat-completions": (gateway: Gateway, fetch: FetchLike): Agent => new ChatAgent(gateway, fetch),
  messages: (gateway: Gateway, fetch: FetchLike): Agent => new MessagesAgent(gateway, fetch),
  responses: (gateway: Gateway, fetch: FetchLike): Agent => new ResponsesAgent(gateway, fetch),
} as const;

export type AgentDialect = keyof typeof agents;
