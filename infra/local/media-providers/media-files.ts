import { crc32, deflateSync } from "node:zlib";
import { greyFrame } from "./h264-frame.ts";

/** The smallest files that players take: silence, one colour, one frame. Made here, so nobody else's work is in them. */

/** MPEG-1 Layer III, 128 kbit/s, 32 kHz, mono: 36 ms of silence. */
const mp3FrameMs = 36;
const mp3Frame = Buffer.alloc(576);
mp3Frame.set([0xff, 0xfb, 0x98, 0xc4]);

/** MP3 frames of silence for so long. */
export const silentMp3 = (seconds: number): Buffer =>
  Buffer.concat(Array.from({ length: Math.max(1, Math.ceil((seconds * 1_000) / mp3FrameMs)) }, () => mp3Frame));

const wavRate = 8_000;

/** 16-bit mono samples at 8 kHz: silence. */
export const silentPcm = (seconds: number): Buffer => Buffer.alloc(Math.max(1, Math.ceil(seconds * wavRate)) * 2);

/** A WAV file of silence. */
export const silentWav = (seconds: number): Buffer => {
  const samples = silentPcm(seconds);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(wavRate, 24);
  head.writeUInt32LE(wavRate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36, "latin1");
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
};

const pngChunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body) >>> 0);
  return Buffer.concat([length, body, sum]);
};

/** A PNG of one colour. */
export const plainPng = (width: number, height: number): Buffer => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, 0x7a)]);
  const pixels = Buffer.concat(Array.from({ length: height }, () => row));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk("IHDR", header),
    pngChunk("IDAT", deflateSync(pixels)),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
};

const box = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, body]);
};

const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, index * 4);
  return bytes;
};

const text = (value: string): Buffer => Buffer.from(value, "latin1");
const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
const side = 64;
const timescale = 1_000;

const sampleEntry = (configuration: Buffer): Buffer => {
  const body = Buffer.alloc(78);
  body.writeUInt16BE(1, 6);
  body.writeUInt16BE(side, 24);
  body.writeUInt16BE(side, 26);
  body.writeUInt32BE(0x00480000, 28);
  body.writeUInt32BE(0x00480000, 32);
  body.writeUInt16BE(1, 40);
  body.writeUInt16BE(24, 74);
  body.writeInt16BE(-1, 76);
  return box("avc1", body, box("avcC", configuration));
};

/** An MP4 of one grey frame, shown for so many seconds. */
export const stillMp4 = (seconds: number): Buffer => {
  const duration = Math.max(1, Math.round(seconds * timescale));
  const { sample: frame, configuration } = greyFrame(side);
  const fileType = box("ftyp", text("isom"), u32(0x200), text("isomiso2mp41"));
  const data = box("mdat", frame);
  const table = box(
    "stbl",
    box("stsd", u32(0, 1), sampleEntry(configuration)),
    box("stts", u32(0, 1, 1, duration)),
    box("stsc", u32(0, 1, 1, 1, 1)),
    box("stsz", u32(0, 0, 1, frame.length)),
    box("stco", u32(0, 1, fileType.length + 8)),
  );
  const media = box(
    "mdia",
    box("mdhd", u32(0, 0, 0, timescale, duration, 0x55c40000)),
    box("hdlr", u32(0, 0), text("vide"), u32(0, 0, 0), text("video\0")),
    box("minf", box("vmhd", u32(1, 0, 0)), box("dinf", box("dref", u32(0, 1), box("url ", u32(1)))), table),
  );
  const track = box(
    "trak",
    box("tkhd", u32(3, 0, 0, 1, 0, duration, 0, 0, 0, 0), matrix, u32(side << 16, side << 16)),
    media,
  );
  const movie = box(
    "moov",
    box("mvhd", u32(0, 0, 0, timescale, duration, 0x10000, 0x01000000, 0, 0), matrix, u32(0, 0, 0, 0, 0, 0, 2)),
    track,
  );
  return Buffer.concat([fileType, data, movie]);
};

interface MediaFile {
  readonly contentType: string;
  readonly make: () => Buffer;
}

/** Files under `/media-files/`, by the end of their name. FLAC and JPEG need encoders: WAV and PNG stand in for them. */
export const mediaFiles: Readonly<Record<string, MediaFile>> = {
  mp3: { contentType: "audio/mpeg", make: () => silentMp3(3) },
  wav: { contentType: "audio/wav", make: () => silentWav(3) },
  flac: { contentType: "audio/wav", make: () => silentWav(3) },
  pcm: { contentType: "audio/pcm", make: () => silentPcm(3) },
  png: { contentType: "image/png", make: () => plainPng(64, 64) },
  jpeg: { contentType: "image/png", make: () => plainPng(64, 64) },
  mp4: { contentType: "video/mp4", make: () => stillMp4(5) },
};
