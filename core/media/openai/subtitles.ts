import { isRecord } from "#core/values/records.ts";

/** Subtitles from the segments of a verbose transcript, as OpenAI writes them for whisper-1. */

const padded = (value: number, digits: number): string => String(value).padStart(digits, "0");

/** `00:01:02,345` in SRT, with a point in VTT. */
const timeOf = (seconds: number, separator: "," | "."): string => {
  const ms = Math.max(0, Math.round(seconds * 1_000));
  const time = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1_000) % 60];
  return `${time.map((part) => padded(part, 2)).join(":")}${separator}${padded(ms % 1_000, 3)}`;
};

const numberOf = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

export const toSubtitles = (segments: unknown, format: "srt" | "vtt"): string => {
  const separator = format === "srt" ? "," : ".";
  const cues = (Array.isArray(segments) ? segments.filter(isRecord) : []).map((segment, index) => {
    const times = `${timeOf(numberOf(segment.start), separator)} --> ${timeOf(numberOf(segment.end), separator)}`;
    const text = String(segment.text ?? "").trim();
    return `${format === "srt" ? `${index + 1}\n` : ""}${times}\n${text}\n`;
  });
  return `${format === "vtt" ? "WEBVTT\n\n" : ""}${cues.join("\n")}`;
};
