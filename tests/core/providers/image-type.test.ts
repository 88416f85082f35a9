import { expect, test } from "vitest";
import { imageTypeOf, parseImageUrl, withTrueType } from "#core/providers/image-type.ts";

const bytes = (...parts: (string | number)[]): string =>
  Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from([part]))),
  ).toString("base64");

const samples: readonly [string, string][] = [
  ["image/png", bytes(0x89, "PNG\r\n", 0x1a, "\n", "rest of it")],
  ["image/jpeg", bytes(0xff, 0xd8, 0xff, 0xe0, "JFIF and more")],
  ["image/gif", bytes("GIF89a and more")],
  ["image/gif", bytes("GIF87a and more")],
  ["image/webp", bytes("RIFF", 1, 2, 3, 4, "WEBPVP8 ")],
  ["image/heic", bytes(0, 0, 0, 24, "ftypheic")],
  ["image/avif", bytes(0, 0, 0, 24, "ftypavif")],
];

test.each(samples)("%s is known by its first bytes, whatever it is called", (type, data) => {
  expect(imageTypeOf(data)).toBe(type);
  for (const label of ["image/jpeg", "image/jpg", "IMAGE/PNG", "application/octet-stream", "", "image/png;charset=x"]) {
    expect(withTrueType(`data:${label};base64,${data}`)).toBe(`data:${type};base64,${data}`);
  }
  expect(parseImageUrl(`data:image/x;base64,${data}`)).toEqual({ mediaType: type, data });
});

test("bytes that show nothing keep their label, under its registered name", () => {
  expect(withTrueType("data:image/jpg;base64,AAAA")).toBe("data:image/jpeg;base64,AAAA");
  expect(withTrueType("data:image/tga;base64,AAAA")).toBe("data:image/tga;base64,AAAA");
});

test("what is no base64 data: URL is left alone", () => {
  for (const url of ["https://x.test/a.png", "data:image/svg+xml,<svg/>", "data:,x", "iVBORw0KGgo"])
    expect(withTrueType(url)).toBe(url);
});
