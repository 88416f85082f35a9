import { describe, expect, it } from "vitest";
import { contentTypeOfImage, contentTypeOfUrl } from "#core/providers/media/content-type.ts";
import { plainPng } from "#infra/local/media-providers/media-files.ts";

describe("what an image is", () => {
  it.each([
    ["https://oss.example.com/img%2F2025-08-12_aigc.jpeg?Expires=1755000000&Signature=a.png", "image/jpeg"],
    ["https://oss.example.com/a.JPG", "image/jpeg"],
    ["https://oss.example.com/a.webp#b.png", "image/webp"],
    ["https://oss.example.com/a.b.png", "image/png"],
    ["https://oss.example.com/a.mp4", "video/mp4"],
    ["https://oss.example.com/a", undefined],
    ["https://oss.example.png", undefined],
    ["https://oss.example.com/a.png/", undefined],
    ["https://oss.example.com/a.bin", undefined],
    ["https://oss.example.com/a.constructor", undefined],
    ["not a URL.png", undefined],
  ])("by its URL %s is %s", (url, contentType) => {
    expect(contentTypeOfUrl(url)).toBe(contentType);
  });

  it.each([
    [[0xff, 0xd8, 0xff, 0xe0], "image/jpeg"],
    [[0xff, 0xd8, 0xff, 0xdb], "image/jpeg"],
    [[...plainPng(1, 1)], "image/png"],
    [[...Buffer.from("RIFF\n\0\0\0WEBPVP8 ")], "image/webp"],
    [[...Buffer.from("RIFF\n\0\0\0WAVEfmt ")], undefined],
    [[...Buffer.from("GIF89a")], "image/gif"],
    [[...Buffer.from("<svg xmlns=")], undefined],
    [[0xff, 0xd8], undefined],
    [[], undefined],
  ])("by its first bytes %j is %s", (bytes, contentType) => {
    expect(contentTypeOfImage(Buffer.from(bytes).toString("base64"))).toBe(contentType);
  });
});
