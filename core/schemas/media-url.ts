import * as z from "zod";
import { webUrlProblem } from "#core/outbound/web-url.ts";
import { ownValue } from "#core/values/records.ts";

/** URLs of media and of webhooks in requests: core/outbound/web-url.ts says which lead nowhere inside. */

export type MediaType = "image" | "audio" | "video";

/** Decoded bytes of a data: URL. A body takes 5 MB, in which base64 is a third longer. */
const maxDataUrlBytes = 3 * 1024 * 1024;

const subtypes: Readonly<Record<MediaType, ReadonlySet<string>>> = {
  image: new Set(["png", "jpeg", "jpg", "webp", "gif", "heic", "heif", "avif"]),
  audio: new Set(["mpeg", "mp3", "wav", "x-wav", "flac", "aac", "ogg", "mp4", "m4a"]),
  video: new Set(["mp4", "webm", "quicktime", "mpeg"]),
};

/** Extensions that say what a file is. Others say nothing. */
const extensions: Readonly<Record<string, MediaType | "document">> = {
  png: "image",
  jpg: "image",
  jpeg: "image",
  webp: "image",
  gif: "image",
  avif: "image",
  mp3: "audio",
  wav: "audio",
  flac: "audio",
  mp4: "video",
  mov: "video",
  webm: "video",
  pdf: "document",
  html: "document",
  json: "document",
  zip: "document",
};

const dataUrlHead = /^data:([a-z]+)\/([a-z0-9.+-]+);base64,/i;
const base64Text = /^[A-Za-z0-9+/]+={0,2}$/;

const dataUrlProblem = (text: string, types: readonly MediaType[], maxBytes: number): string | undefined => {
  const head = dataUrlHead.exec(text);
  if (head === null) return "it is not a data: URL of the form data:<type>;base64,<data>";
  const [whole, type = "", subtype = ""] = head;
  const known = types.find((candidate) => candidate === type.toLowerCase());
  if (known === undefined || !subtypes[known].has(subtype.toLowerCase())) {
    return `its type ${type}/${subtype} is not one of ${types.join(", ")}`;
  }
  const bytes = Math.floor(((text.length - whole.length) * 3) / 4);
  if (bytes > maxBytes) return `it is larger than ${maxBytes} bytes`;
  return base64Text.test(text.slice(whole.length)) ? undefined : "its data is not base64";
};

/** Why a caller's URL may not be used as media of these types, or undefined. */
export const mediaUrlProblem = (
  text: string,
  types: readonly MediaType[],
  maxBytes: number = maxDataUrlBytes,
): string | undefined => {
  if (/^data:/i.test(text)) return dataUrlProblem(text, types, maxBytes);
  const problem = webUrlProblem(text);
  if (problem !== undefined) return problem;
  const extension = /\.([a-z0-9]{2,5})$/i.exec(new URL(text).pathname)?.[1]?.toLowerCase() ?? "";
  const type = ownValue(extensions, extension);
  return type === undefined || types.some((wanted) => wanted === type)
    ? undefined
    : `a .${extension} file is not one of ${types.join(", ")}`;
};

/** A URL of media in a request: http(s) to a public host, or a data: URL. */
export const mediaUrl = (...types: readonly [MediaType, ...MediaType[]]) =>
  z
    .string()
    .min(1)
    .superRefine((text, context) => {
      const problem = mediaUrlProblem(text, types);
      if (problem !== undefined) context.addIssue({ code: "custom", message: `cannot be used: ${problem}` });
    })
    .describe(`http(s) URL on a public host, or a base64 data: URL (${types.join(", ")})`);

/** Where the end of a job is reported: https to a public host. */
export const webhookUrl = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    const problem = webUrlProblem(text, "https");
    if (problem !== undefined) context.addIssue({ code: "custom", message: `cannot be used: ${problem}` });
  })
  .describe("https URL on a public host that receives a webhook when the job ends, signed as Standard Webhooks");
