import type {
  Base64ImageSource,
  DocumentBlockParam,
  ImageBlockParam,
  TextBlockParam,
} from "@anthropic-ai/sdk/resources/messages";
import { GatewayError } from "#core/errors.ts";
import { parseDataUrl, parseImageUrl } from "#core/providers/image-type.ts";
import type { ChatMessage } from "#core/schemas/chat.ts";
import { cacheMark } from "./cache-mark.ts";

type UserMessage = Extract<ChatMessage, { role: "user" }>;
type UserPart = Exclude<UserMessage["content"], string>[number];
type PartOf<Type extends UserPart["type"]> = Extract<UserPart, { type: Type }>;
type UserBlock = TextBlockParam | ImageBlockParam | DocumentBlockParam;

const imageTypes: readonly Base64ImageSource["media_type"][] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/** How base64 of a PDF begins ("%PDF-"): some clients send the bare data. */
const base64PdfStart = "JVBERi0";

const unsupported = (message: string, param: string): GatewayError =>
  new GatewayError("BAD_REQUEST", message, { param });

/** Anthropic refuses text without any visible character. */
export const hasText = (text: string): boolean => text.trim() !== "";

const imageBlock = (part: PartOf<"image_url">, path: string): ImageBlockParam => {
  const { url } = part.image_url;
  const param = `${path}.image_url.url`;
  if (/^https?:\/\//i.test(url)) {
    return { type: "image", source: { type: "url", url }, ...cacheMark(part) };
  }
  const parsed = parseImageUrl(url);
  const mediaType = imageTypes.find((type) => type === parsed?.mediaType);
  if (parsed === undefined || mediaType === undefined) {
    throw unsupported("Claude accepts an https URL, or a base64 data: URL of a JPEG, PNG, GIF or WebP image.", param);
  }
  return { type: "image", source: { type: "base64", media_type: mediaType, data: parsed.data }, ...cacheMark(part) };
};

const documentSource = (fileData: string): DocumentBlockParam["source"] | undefined => {
  if (fileData.startsWith(base64PdfStart)) return { type: "base64", media_type: "application/pdf", data: fileData };
  const parsed = parseDataUrl(fileData);
  if (parsed?.mediaType === "application/pdf") {
    return { type: "base64", media_type: "application/pdf", data: parsed.data };
  }
  return parsed?.mediaType === "text/plain"
    ? { type: "text", media_type: "text/plain", data: Buffer.from(parsed.data, "base64").toString("utf8") }
    : undefined;
};

const documentBlock = (part: PartOf<"file">, path: string): DocumentBlockParam => {
  const { file_data: fileData, filename } = part.file;
  const source = fileData === undefined ? undefined : documentSource(fileData);
  if (source === undefined) {
    const param = fileData === undefined ? `${path}.file` : `${path}.file.file_data`;
    throw unsupported("Claude accepts files as file_data: a base64 data: URL of application/pdf or text/plain.", param);
  }
  return { type: "document", source, ...(filename === undefined ? {} : { title: filename }), ...cacheMark(part) };
};

const partBlock = (part: UserPart, path: string): UserBlock => {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text, ...cacheMark(part) };
    case "image_url":
      return imageBlock(part, path);
    case "file":
      return documentBlock(part, path);
    case "input_audio":
      throw unsupported("Claude models do not accept audio.", path);
  }
};

/** Text of a system, developer, tool or user message as blocks; blocks without visible text are left out. */
export const textBlocks = (content: string | readonly PartOf<"text">[]): TextBlockParam[] =>
  typeof content === "string"
    ? hasText(content)
      ? [{ type: "text", text: content }]
      : []
    : content
        .filter((part) => hasText(part.text))
        .map((part) => ({ type: "text", text: part.text, ...cacheMark(part) }));

/**
 * What a user says: text, images and documents.
 * @param path of the message, such as `messages[0]`.
 * @throws GatewayError for what no Claude model can take.
 */
export const userBlocks = (content: UserMessage["content"], path: string): UserBlock[] =>
  typeof content === "string"
    ? textBlocks(content)
    : content
        .map((part, index) => partBlock(part, `${path}.content[${index}]`))
        .filter((block) => block.type !== "text" || hasText(block.text));
