import { describe, expect, it } from "vitest";
import { contentTypeOfImage, contentTypeOfUrl } from "#core/media/content-type.ts";
import { plainPng } from "#infra/local/media-providers/media-files.ts";
import { useCloud } from "#tests/support/cloud.ts";
import { Caller, dataOf, type Job } from "./support.ts";

interface Image {
  readonly url: string | null;
  readonly base64: string | null;
  readonly contentType: string | null;
}

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

describe("POST /api/v1/media/image", () => {
  const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100" } });

  it.each(["url", "base64"])("says what its images are, which MiniMax does not, as %s", async (format) => {
    const user = await Caller.of(cloud());
    const reply = await user.post("/media/image", { prompt: "A lake", n: 2, response_format: format });
    const { images } = dataOf<{ images: readonly Image[] }>(reply);
    expect(images.map(({ contentType }) => contentType)).toEqual(["image/png", "image/png"]);
    if (format === "base64") return;
    const [job] = dataOf<Job[]>(await user.get("/jobs"));
    expect(job?.output?.map(({ contentType }) => contentType)).toEqual(["image/png", "image/png"]);
  });
});
