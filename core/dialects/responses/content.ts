import type { ChatMessage } from "#core/schemas/chat.ts";
import type { JsonRecord } from "#core/values/records.ts";
import { filledMember, recordsIn, textMember, textOf } from "./read.ts";
import { badRequest } from "./refuse.ts";

/** Parts of messages and tool results as parts of a chat message. */

export type UserPart = Exclude<Extract<ChatMessage, { role: "user" }>["content"], string>[number];
export type SaidPart = Exclude<
  Extract<ChatMessage, { role: "assistant" }>["content"],
  string | null | undefined
>[number];
type TextPart = Extract<UserPart, { type: "text" }>;

const fileIds =
  "Files are not stored here: send the content as a data: URL in image_url, or in file_data with a filename.";

const imagePart = (part: JsonRecord, path: string): UserPart => {
  if (part.image_url === undefined || part.image_url === null) throw badRequest(fileIds, path);
  const detail = textOf(part.detail);
  const url = filledMember(part, "image_url", path);
  return { type: "image_url", image_url: { url, ...(detail === undefined ? {} : { detail }) } };
};

const filePart = (part: JsonRecord, path: string): UserPart => {
  if (typeof part.file_data !== "string") {
    const reason = typeof part.file_url === "string" ? "Files are not fetched from a file_url here." : fileIds;
    throw badRequest(`${path} has no file_data. ${reason}`, path);
  }
  return { type: "file", file: { file_data: part.file_data, filename: textOf(part.filename) ?? "file" } };
};

const audioPart = (part: JsonRecord, path: string): UserPart => {
  const audio = part.input_audio;
  const source = typeof audio === "object" && audio !== null ? (audio as JsonRecord) : {};
  return {
    type: "input_audio",
    input_audio: {
      data: textMember(source, "data", `${path}.input_audio`),
      format: textMember(source, "format", `${path}.input_audio`),
    },
  };
};

const toUserPart = (part: JsonRecord, path: string): UserPart => {
  switch (part.type) {
    case "input_text":
    case "output_text":
    case "summary_text":
    case "text":
      return { type: "text", text: textMember(part, "text", path) };
    case "refusal":
      return { type: "text", text: textMember(part, "refusal", path) };
    case "input_image":
      return imagePart(part, path);
    case "input_file":
      return filePart(part, path);
    case "input_audio":
      return audioPart(part, path);
    default:
      throw badRequest(
        `${path}.type must be input_text, input_image, input_file, input_audio, output_text or refusal.`,
        `${path}.type`,
      );
  }
};

/** What a user says, or a tool gives back. @throws GatewayError BAD_REQUEST */
export const userContent = (content: unknown, path: string): string | UserPart[] => {
  if (typeof content === "string") return content;
  const parts = recordsIn(content, path).map((part, index) => toUserPart(part, `${path}[${index}]`));
  return parts.length === 0 ? "" : parts;
};

const isText = (part: UserPart): part is TextPart => part.type === "text";

/** What a system or developer message says: text only. @throws GatewayError BAD_REQUEST */
export const textContent = (content: unknown, path: string): string | TextPart[] => {
  const parts = userContent(content, path);
  if (typeof parts === "string") return parts;
  const texts = parts.filter(isText);
  if (texts.length < parts.length) throw badRequest("Only messages of the user may have images, files or audio.", path);
  return texts;
};

/** What an answer said. @throws GatewayError BAD_REQUEST */
export const saidContent = (content: unknown, path: string): SaidPart[] => {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  return recordsIn(content, path).flatMap((part, index): SaidPart[] => {
    if (part.type === "refusal")
      return [{ type: "refusal", refusal: textMember(part, "refusal", `${path}[${index}]`) }];
    const text = textMember(part, "text", `${path}[${index}]`);
    return text === "" ? [] : [{ type: "text", text }];
  });
};

export interface ToolResult {
  readonly text: string | TextPart[];
  /** Images and files, which a tool message cannot hold: they follow as the user's. */
  readonly attachments: readonly UserPart[];
}

/** What a tool gave back. @throws GatewayError BAD_REQUEST */
export const toolResult = (output: unknown, path: string): ToolResult => {
  const parts = userContent(output, path);
  if (typeof parts === "string") return { text: parts, attachments: [] };
  const texts = parts.filter(isText);
  const attachments = parts.filter((part) => !isText(part));
  return {
    text: texts.length > 0 ? texts : attachments.length > 0 ? "The next message holds the result." : "",
    attachments,
  };
};
