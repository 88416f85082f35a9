import { ownValue } from "#core/values/records.ts";

/** The type of an image as its first bytes show it. Its label is what a client guessed from a file's name. */

const kinds: readonly (readonly [start: string, type: string])[] = [
  ["\xff\xd8\xff", "image/jpeg"],
  ["\x89PNG", "image/png"],
  ["GIF8", "image/gif"],
  ["BM", "image/bmp"],
  ["II*\0", "image/tiff"],
  ["MM\0*", "image/tiff"],
];

/** ISO base media files name their kind after `ftyp`. */
const brands: Readonly<Record<string, string>> = {
  avif: "image/avif",
  avis: "image/avif",
  heic: "image/heic",
  heix: "image/heic",
  hevc: "image/heic",
  mif1: "image/heif",
  msf1: "image/heif",
};

/** Enough base64 for the first twelve bytes. */
const startCharacters = 16;

/** The media type of an image's base64, or undefined where its first bytes do not show it. */
export const imageTypeOf = (base64: string): string | undefined => {
  const start = base64
    .slice(0, 4 * startCharacters)
    .replace(/\s+/g, "")
    .slice(0, startCharacters);
  const bytes = Buffer.from(start, "base64").toString("latin1");
  const known = kinds.find(([magic]) => bytes.startsWith(magic))?.[1];
  if (known !== undefined) return known;
  if (bytes.startsWith("RIFF") && bytes.slice(8, 12) === "WEBP") return "image/webp";
  return bytes.slice(4, 8) === "ftyp" ? ownValue(brands, bytes.slice(8, 12)) : undefined;
};

const aliases: Readonly<Record<string, string>> = {
  "image/jpg": "image/jpeg",
  "image/pjpeg": "image/jpeg",
  "image/x-png": "image/png",
};

/** A media type under its registered name, without parameters. */
const registered = (label: string): string => {
  const type = label.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return ownValue(aliases, type) ?? type;
};

export interface DataUrl {
  /** Empty where the URL names none. */
  readonly mediaType: string;
  readonly data: string;
}

/** Takes a base64 `data:` URL apart without copying or checking megabytes of data. Undefined for any other URL. */
export const parseDataUrl = (url: string): DataUrl | undefined => {
  if (!/^data:/i.test(url.slice(0, 5))) return undefined;
  const comma = url.indexOf(",");
  const [mediaType = "", ...options] = url.slice("data:".length, comma).split(";");
  return comma === -1 || options.at(-1)?.trim().toLowerCase() !== "base64"
    ? undefined
    : { mediaType: mediaType.trim().toLowerCase(), data: url.slice(comma + 1) };
};

/** An image's `data:` URL taken apart, with the type that its bytes have. Undefined for any other URL. */
export const parseImageUrl = (url: string): DataUrl | undefined => {
  const parsed = parseDataUrl(url);
  return parsed && { ...parsed, mediaType: imageTypeOf(parsed.data) ?? registered(parsed.mediaType) };
};

/** A `data:` URL of an image under its true type; the same text where it has that already, or is no such URL. */
export const withTrueType = (url: string): string => {
  const parsed = parseImageUrl(url);
  if (parsed === undefined || url.startsWith(`data:${parsed.mediaType};base64,`)) return url;
  return parsed.mediaType === "" ? url : `data:${parsed.mediaType};base64,${parsed.data}`;
};
