import { describe, expect, it } from "vitest";
import { minimaxFailure } from "#core/providers/media/minimax/errors.ts";
import { BrokenHexAudio, HexAudioReader } from "#core/providers/media/minimax/hex-audio.ts";
import { fc, runs } from "#tests/support/property.ts";

describe("hex inside a JSON document", () => {
  const document = (audio: string): Buffer =>
    Buffer.from(
      `{"data": {"audio" : "${audio}", "status": 2}, "note": "\\"audio\\": \\"no\\" Grüße", "base_resp": {}}`,
    );

  it("is decoded the same however the document is cut into reads", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(200), { maxLength: 8 }),
        (bytes, cuts) => {
          const text = document(Buffer.from(bytes).toString("hex"));
          const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length])].sort(
            (left, right) => left - right,
          );
          const reader = new HexAudioReader();
          const parts = places.slice(1).map((end, index) => reader.push(text.subarray(places[index], end)));
          expect(Buffer.concat(parts)).toEqual(Buffer.from(bytes));
          expect(reader.end()).toEqual({
            data: { audio: "", status: 2 },
            note: '"audio": "no" Grüße',
            base_resp: {},
          });
        },
      ),
      { numRuns: runs(300) },
    );
  });

  it.each(["abc", "zz", "ab cd", "0x"])("is refused when it is %j", (audio) => {
    const reader = new HexAudioReader();
    expect(() => {
      reader.push(document(audio));
      reader.end();
    }).toThrow(BrokenHexAudio);
  });

  it("may be missing: an error has none", () => {
    const reader = new HexAudioReader();
    expect(reader.push(Buffer.from('{"data":null,"base_resp":{"status_code":1004}}'))).toHaveLength(0);
    expect(minimaxFailure(reader.end())).toMatchObject({ kind: "auth" });
  });
});
