import { ownValue } from "#core/values/records.ts";

/** The type of a file whose provider does not state it, from its name or its first bytes, and never by a guess. */

const byExtension = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  mp4: "video/mp4",
} as const;

/** By the extension of a URL's path; undefined when it has none or an unknown one. */
export const contentTypeOfUrl = (url: string): string | undefined => {
  const extension = /\.([a-z0-9]+)$/i.exec(URL.parse(url)?.pathname ?? "")?.[1];
  return extension === undefined ? undefined : ownValue(byExtension, extension.toLowerCase());
};

/** First bytes of images, as latin1. WebP has its length between its two marks. */
const signatures: readonly (readonly [RegExp, string])[] = [
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^\x89PNG\r\n\x1a\n/, "image/png"],
  [/^RIFF.{4}WEBP/s, "image/webp"],
  [/^GIF8[79]a/, "image/gif"],
];
/** Base64 of the longest signature: 12 bytes. */
const headCharacters = 16;

/** By the signature of an image in base64; undefined for an unknown one. */
export const contentTypeOfImage = (base64: string): string | undefined => {
  const head = Buffer.from(base64.slice(0, headCharacters), "base64").toString("latin1");
  return signatures.find(([start]) => start.test(head))?.[1];
};
