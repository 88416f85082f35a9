import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import type { ResponseInputItem } from "openai/resources/responses/responses";
import type { TestCloud } from "#tests/support/cloud.ts";

/** One question in each of the three dialects, asked and read by the vendors' own SDKs. */

export const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
export const pdf = Buffer.from("%PDF-1.4\n1 0 obj<</Type/Page>>endobj\n%%EOF").toString("base64");

const parameters = (member: string) => ({
  type: "object" as const,
  properties: { [member]: { type: "string" } },
  required: [member],
  additionalProperties: false,
});
const tools = [
  { name: "get_weather", parameters: parameters("city") },
  { name: "get_time", parameters: parameters("zone") },
];
const schema = {
  type: "object",
  properties: { city: { type: "string" }, population: { type: "integer" } },
  required: ["city", "population"],
  additionalProperties: false,
};

export interface Question {
  readonly text: string;
  readonly image?: boolean;
  readonly document?: boolean;
  readonly tools?: boolean;
  readonly schema?: boolean;
  readonly reasoning?: boolean;
}

export interface Answer {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly input: unknown }[];
  /** The dialect's own word for its end. */
  readonly end: string | null;
  readonly warnings: string;
  /** Asks on, with the whole answer in the history and a result for each call. */
  readonly goOn: (text: string) => Promise<Answer>;
}

export interface Dialect {
  readonly ask: (cloud: TestCloud, model: string, question: Question, stream: boolean) => Promise<Answer>;
  /** What the dialect calls an end of each kind. */
  readonly ends: { readonly whole: string; readonly calls: string; readonly cut: string; readonly refusal: string };
  /** The path on which a provider is asked in this dialect. */
  readonly path: RegExp;
}

const options = { maxRetries: 0, timeout: 60_000, defaultHeaders: { "x-cache": "no-cache", "x-retries": "0" } };
const openAi = (cloud: TestCloud) => new OpenAI({ apiKey: cloud.apiKey, baseURL: cloud.baseUrl, ...options });

const chat: Dialect = {
  path: /\/chat\/completions$/,
  ends: { whole: "stop", calls: "tool_calls", cut: "length", refusal: "stop" },
  ask: (cloud, model, question, stream) => {
    const content = [
      { type: "text" as const, text: question.text },
      ...(question.image ? [{ type: "image_url" as const, image_url: { url: `data:image/png;base64,${pixel}` } }] : []),
      ...(question.document
        ? [{ type: "file" as const, file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${pdf}` } }]
        : []),
    ];
    const fields = {
      model,
      ...(question.tools ? { tools: tools.map((each) => ({ type: "function" as const, function: each })) } : {}),
      ...(question.reasoning ? { reasoning_effort: "high" as const } : {}),
      ...(question.schema
        ? { response_format: { type: "json_schema" as const, json_schema: { name: "city", strict: true, schema } } }
        : {}),
    };
    const ask = async (messages: ChatCompletionMessageParam[]): Promise<Answer> => {
      const { completions } = openAi(cloud).chat;
      const answered = stream
        ? { data: await completions.stream({ ...fields, messages }).finalChatCompletion(), response: undefined }
        : await completions.create({ ...fields, messages }).withResponse();
      const [choice] = answered.data.choices;
      const { message } = choice ?? {};
      if (choice === undefined || message === undefined) throw new Error("An answer without a choice");
      const calls = (message.tool_calls ?? []).flatMap((call) => (call.type === "function" ? [call] : []));
      return {
        text: message.content || message.refusal || "",
        calls: calls.map((call) => ({ name: call.function.name, input: JSON.parse(call.function.arguments) })),
        end: choice.finish_reason,
        warnings: answered.response?.headers.get("x-warnings") ?? "",
        goOn: (text) =>
          ask([
            ...messages,
            message as ChatCompletionMessageParam,
            ...calls.map(({ id }) => ({ role: "tool" as const, tool_call_id: id, content: text })),
            { role: "user", content: text },
          ]),
      };
    };
    return ask([{ role: "user", content }]);
  },
};

const messages: Dialect = {
  path: /\/messages$/,
  ends: { whole: "end_turn", calls: "tool_use", cut: "max_tokens", refusal: "refusal" },
  ask: (cloud, model, question, stream) => {
    const data = (media_type: "image/png" | "application/pdf", base64: string) =>
      ({ type: "base64", media_type, data: base64 }) as const;
    const content = [
      { type: "text", text: question.text },
      ...(question.image ? [{ type: "image", source: data("image/png", pixel) }] : []),
      ...(question.document ? [{ type: "document", source: data("application/pdf", pdf) }] : []),
    ] as Anthropic.ContentBlockParam[];
    const fields = {
      model,
      max_tokens: 4_000,
      ...(question.tools ? { tools: tools.map(({ name, parameters: input_schema }) => ({ name, input_schema })) } : {}),
      ...(question.reasoning ? { thinking: { type: "enabled" as const, budget_tokens: 2_000 } } : {}),
      ...(question.schema ? { output_config: { format: { type: "json_schema" as const, schema } } } : {}),
    };
    const client = new Anthropic({ apiKey: cloud.apiKey, baseURL: cloud.baseUrl.replace(/\/v1$/, ""), ...options });
    const ask = async (history: Anthropic.MessageParam[]): Promise<Answer> => {
      const asked = { ...fields, messages: history };
      const answered = stream
        ? { data: await client.messages.stream(asked).finalMessage(), response: undefined }
        : await client.messages.create(asked).withResponse();
      const blocks = answered.data.content;
      const calls = blocks.filter((block) => block.type === "tool_use");
      return {
        text: blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join(""),
        calls,
        end: answered.data.stop_reason,
        warnings: answered.response?.headers.get("x-warnings") ?? "",
        goOn: (text) =>
          ask([
            ...history,
            { role: "assistant", content: blocks },
            {
              role: "user",
              content: [
                ...calls.map(({ id }) => ({ type: "tool_result" as const, tool_use_id: id, content: text })),
                { type: "text", text },
              ],
            },
          ]),
      };
    };
    return ask([{ role: "user", content }]);
  },
};

const responses: Dialect = {
  path: /\/responses$/,
  ends: { whole: "completed", calls: "completed", cut: "incomplete", refusal: "completed" },
  ask: (cloud, model, question, stream) => {
    const content = [
      { type: "input_text", text: question.text },
      ...(question.image ? [{ type: "input_image", image_url: `data:image/png;base64,${pixel}`, detail: "auto" }] : []),
      ...(question.document
        ? [{ type: "input_file", filename: "a.pdf", file_data: `data:application/pdf;base64,${pdf}` }]
        : []),
    ];
    const fields = {
      model,
      store: false,
      ...(question.tools ? { tools: tools.map((each) => ({ type: "function" as const, strict: true, ...each })) } : {}),
      ...(question.reasoning ? { reasoning: { effort: "high" as const, summary: "auto" as const } } : {}),
      ...(question.schema
        ? { text: { format: { type: "json_schema" as const, name: "city", strict: true, schema } } }
        : {}),
    };
    const ask = async (input: ResponseInputItem[]): Promise<Answer> => {
      const client = openAi(cloud).responses;
      const answered = stream
        ? { data: await client.stream({ ...fields, input }).finalResponse(), response: undefined }
        : await client.create({ ...fields, input }).withResponse();
      const { output, status } = answered.data;
      const items: readonly OpenAI.Responses.ResponseOutputItem[] = output;
      const calls = items.filter((item) => item.type === "function_call");
      const parts = items.flatMap((item) => (item.type === "message" ? item.content : []));
      return {
        text: parts.map((part) => (part.type === "output_text" ? part.text : part.refusal)).join(""),
        calls: calls.map(({ name, arguments: input }) => ({ name, input: JSON.parse(input) })),
        end: status ?? null,
        warnings: answered.response?.headers.get("x-warnings") ?? "",
        goOn: (text) =>
          ask([
            ...input,
            ...(items as ResponseInputItem[]),
            ...calls.map(({ call_id }) => ({ type: "function_call_output" as const, call_id, output: text })),
            { role: "user", content: text },
          ]),
      };
    };
    return ask([{ role: "user", content } as ResponseInputItem]);
  },
};

export const dialects = { "Chat Completions": chat, Messages: messages, Responses: responses } as const;
