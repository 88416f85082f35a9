import type { ResponseInputContent, ResponseInputItem, ResponseOutputText } from "openai/resources/responses/responses";
import { GatewayError } from "#core/errors.ts";
import type { ChatMessage } from "#core/schemas/chat.ts";
import { isRecord } from "#core/values/records.ts";

/** Chat messages as items of the Responses API, and the reasoning that travels with them. */

type UserMessage = Extract<ChatMessage, { role: "user" }>;
type UserPart = Exclude<UserMessage["content"], string>[number];
type AssistantMessage = Extract<ChatMessage, { role: "assistant" }>;

/** Stands for the user's turn in a conversation that says nothing. */
const openingText = "(The conversation starts here.)";

/** Marks an entry of `reasoning_details` as encrypted reasoning that this API made and can read again. */
export const reasoningFormat = "openai-responses-v1";

export interface EncryptedReasoning {
  readonly type: "reasoning.encrypted";
  readonly id: string;
  readonly data: string;
  readonly format: typeof reasoningFormat;
}

const isOwnReasoning = (value: unknown): value is EncryptedReasoning =>
  isRecord(value) &&
  value.type === "reasoning.encrypted" &&
  value.format === reasoningFormat &&
  typeof value.id === "string" &&
  typeof value.data === "string";

const reasoningItems = (message: AssistantMessage): ResponseInputItem[] =>
  (Array.isArray(message.reasoning_details) ? message.reasoning_details : [])
    .filter(isOwnReasoning)
    .map(({ id, data }) => ({ type: "reasoning", id, summary: [], encrypted_content: data }));

const details = ["low", "high", "auto", "original"] as const;

const inputPart = (part: UserPart, path: string): ResponseInputContent => {
  switch (part.type) {
    case "text":
      return { type: "input_text", text: part.text };
    case "image_url":
      return {
        type: "input_image",
        image_url: part.image_url.url,
        detail: details.find((detail) => detail === part.image_url.detail) ?? "auto",
      };
    case "file": {
      const { file_data, file_id, filename } = part.file;
      return {
        type: "input_file",
        ...(file_data === undefined ? {} : { file_data }),
        ...(file_id === undefined ? {} : { file_id }),
        ...(filename === undefined ? {} : { filename }),
      };
    }
    case "input_audio":
      throw new GatewayError(
        "BAD_REQUEST",
        "This model is called over OpenAI's Responses API, which does not accept audio.",
        {
          param: path,
        },
      );
  }
};

const textOf = (content: string | readonly { readonly text: string }[]): string =>
  typeof content === "string" ? content : content.map(({ text }) => text).join("\n");

const outputText = (text: string): ResponseOutputText => ({ type: "output_text", text, annotations: [] });

const saidItems = (message: AssistantMessage): ResponseInputItem[] => {
  const { content, refusal } = message;
  const parts = typeof content === "string" ? [{ type: "text" as const, text: content }] : (content ?? []);
  const said = parts
    .map((part) => (part.type === "refusal" ? part : outputText(part.text)))
    .filter((part) => part.type === "refusal" || part.text !== "");
  if (said.length === 0 && typeof refusal === "string") said.push({ type: "refusal", refusal });
  // The API needs no id of a past answer, though its type has one.
  return said.length === 0
    ? []
    : [{ type: "message", role: "assistant", content: said, status: "completed" } as unknown as ResponseInputItem];
};

const callItems = ({ tool_calls: calls = [] }: AssistantMessage): ResponseInputItem[] =>
  calls.map((call) =>
    call.type === "custom"
      ? { type: "custom_tool_call", call_id: call.id, name: call.custom.name, input: call.custom.input }
      : {
          type: "function_call",
          call_id: call.id,
          name: call.function.name,
          arguments: call.function.arguments,
        },
  );

/** Ids of the calls of custom tools: what answers them has a type of its own here. */
const customCallIds = (messages: readonly ChatMessage[]): ReadonlySet<string> =>
  new Set(
    messages
      .flatMap((message) => (message.role === "assistant" ? (message.tool_calls ?? []) : []))
      .filter(({ type }) => type === "custom")
      .map(({ id }) => id),
  );

/** A tool's result: text, or parts where an image or a file is among them. */
const toOutput = (content: UserMessage["content"], path: string): string | ResponseInputContent[] =>
  typeof content === "string" || content.every((part) => part.type === "text")
    ? textOf(content as string | readonly { readonly text: string }[])
    : content.map((part, index) => inputPart(part, `${path}.content[${index}]`));

const messageItems = (message: ChatMessage, path: string, customIds: ReadonlySet<string>): ResponseInputItem[] => {
  switch (message.role) {
    case "system":
    case "developer":
      return [{ type: "message", role: message.role, content: textOf(message.content) }];
    case "user":
      return [
        {
          type: "message",
          role: "user",
          content:
            typeof message.content === "string"
              ? message.content
              : message.content.map((part, index) => inputPart(part, `${path}.content[${index}]`)),
        },
      ];
    case "assistant":
      return [...reasoningItems(message), ...saidItems(message), ...callItems(message)];
    case "tool":
      return [
        {
          type: customIds.has(message.tool_call_id) ? "custom_tool_call_output" : "function_call_output",
          call_id: message.tool_call_id,
          output: toOutput(message.content, path),
        },
      ];
  }
};

/** @throws GatewayError for a part that the API does not take. */
export const toInputItems = (messages: readonly ChatMessage[]): ResponseInputItem[] => {
  const customIds = customCallIds(messages);
  const items = messages.flatMap((message, index) => messageItems(message, `messages[${index}]`, customIds));
  // Past answers that said nothing are no items, and the API refuses an empty input.
  return items.length === 0 ? [{ type: "message", role: "user", content: openingText }] : items;
};
