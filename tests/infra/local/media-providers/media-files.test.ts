import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { plainPng, silentMp3, silentWav, stillMp4 } from "#infra/local/media-providers/media-files.ts";

/** The stand-ins' files are read here by their own specifications, box by box and frame by frame. */

const boxes = (bytes: Buffer): readonly { readonly type: string; readonly body: Buffer }[] => {
  const found: { type: string; body: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    expect(length).toBeGreaterThanOrEqual(8);
    expect(at + length).toBeLessThanOrEqual(bytes.length);
    found.push({ type: bytes.toString("latin1", at + 4, at + 8), body: bytes.subarray(at + 8, at + length) });
    at += length;
  }
  return found;
};
const inside = (bytes: Buffer, ...path: readonly string[]): Buffer =>
  path.reduce((body, type) => boxes(body).find((box) => box.type === type)?.body ?? Buffer.alloc(0), bytes);

describe("the simulated providers' files", () => {
  it("MP3: whole MPEG-1 Layer III frames, each with its sync word", () => {
    const mp3 = silentMp3(3);
    expect(mp3.length % 576).toBe(0);
    for (let at = 0; at < mp3.length; at += 576) expect(mp3.readUInt32BE(at)).toBe(0xfffb98c4);
    expect((mp3.length / 576) * 36).toBeGreaterThanOrEqual(3_000);
  });

  it("WAV: a RIFF header whose lengths are the file's", () => {
    const wav = silentWav(2);
    expect(wav.toString("latin1", 0, 4)).toBe("RIFF");
    expect(wav.readUInt32LE(4)).toBe(wav.length - 8);
    expect(wav.readUInt32LE(40)).toBe(wav.length - 44);
  });

  it("PNG: a signature, and pixels that inflate to the size of the header", () => {
    const png = plainPng(20, 10);
    expect(png.subarray(0, 8)).toEqual(Buffer.from("89504e470d0a1a0a", "hex"));
    const start = png.indexOf("IDAT");
    const pixels = inflateSync(png.subarray(start + 4, start + 4 + png.readUInt32BE(start - 4)));
    expect(pixels).toHaveLength((20 * 3 + 1) * 10);
  });

  it("MP4: boxes that nest, with one sample that is where the table says", () => {
    const mp4 = stillMp4(5);
    expect(boxes(mp4).map(({ type }) => type)).toEqual(["ftyp", "mdat", "moov"]);
    const table = inside(mp4, "moov", "trak", "mdia", "minf", "stbl");
    const offset = inside(table, "stco").readUInt32BE(8);
    const size = inside(table, "stsz").readUInt32BE(12);
    expect(size).toBe(inside(mp4, "mdat").length);
    // One H.264 unit after its length: an IDR slice.
    expect(mp4.readUInt32BE(offset)).toBe(size - 4);
    expect(mp4.readUInt8(offset + 4) & 0x1f).toBe(5);
    expect(mp4.subarray(offset + 4, offset + size).indexOf(Buffer.from([0, 0, 1]))).toBe(-1);
    const configuration = inside(inside(table, "stsd").subarray(8 + 8 + 78), "avcC");
    expect([...configuration.subarray(0, 4)]).toEqual([1, 66, 0xc0, 10]);
    expect(inside(mp4, "moov", "mvhd").readUInt32BE(16)).toBe(5_000);
  });
});
