import { describe, expect, it } from "vitest";
import { wantedAudio } from "#core/media/audio/accept.ts";

describe("Accept", () => {
  it.each([
    [undefined, undefined, { raw: false, format: "mp3" }],
    ["*/*", "wav", { raw: false, format: "wav" }],
    ["application/json", undefined, { raw: false, format: "mp3" }],
    ["audio/flac", undefined, { raw: true, format: "flac" }],
    ["audio/*", "pcm", { raw: true, format: "pcm" }],
    ["application/json;q=0.5, audio/mpeg", undefined, { raw: true, format: "mp3" }],
    ["audio/mpeg;q=0, application/json", undefined, { raw: false, format: "mp3" }],
    // The most wanted of what we have.
    ["audio/ogg, audio/wav;q=0.8", undefined, { raw: true, format: "wav" }],
    ["audio/ogg, application/json;q=0.1", undefined, { raw: false, format: "mp3" }],
    ["audio/ogg, */*;q=0.1", undefined, { raw: false, format: "mp3" }],
    ["text/html", undefined, { raw: false, format: "mp3" }],
    ["", "wav", { raw: false, format: "wav" }],
  ] as const)("%s with %s in the body", (accept, format, wanted) => {
    expect(wantedAudio(accept, format)).toEqual(wanted);
  });

  it.each(["audio/ogg", "audio/ogg, audio/aac;q=0.5", "text/html, audio/opus"])(
    "%s alone is refused: a file of JSON under such a name helps nobody",
    (accept) => {
      const refused = expect.objectContaining({
        code: "BAD_REQUEST",
        param: "Accept",
        message: expect.stringContaining("audio/mpeg"),
      });
      expect(() => wantedAudio(accept, undefined)).toThrow(refused);
    },
  );
});
