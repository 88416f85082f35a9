import { describe, expect, it } from "vitest";
import { additionalData, envelopeVersion, open, SealBroken, type Sealed, seal } from "#core/encryption/envelope.ts";
import { fc } from "#tests/support/property.ts";

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const base64 = (text: string): string => hex(text).toString("base64");

/** AES-256 test cases 13 to 16 of the GCM specification submitted to NIST (McGrew, Viega; appendix B). */
const key15 = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
const plaintext15 =
  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
const ciphertext15 =
  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";

const vectors = [
  {
    name: "13",
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    aad: "",
    plain: "",
    sealed: "",
    tag: "530f8afbc74536b9a963b4f1c4cb738b",
  },
  {
    name: "14",
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    aad: "",
    plain: "00".repeat(16),
    sealed: "cea7403d4d606b6e074ec5d3baf39d18",
    tag: "d0d1c8a799996bf0265b98b5d48ab919",
  },
  {
    name: "15",
    key: key15,
    nonce: "cafebabefacedbaddecaf888",
    aad: "",
    plain: plaintext15,
    sealed: ciphertext15,
    tag: "b094dac5d93471bdec1a502270e3cc6c",
  },
  {
    name: "16",
    key: key15,
    nonce: "cafebabefacedbaddecaf888",
    aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    plain: plaintext15.slice(0, 120),
    sealed: ciphertext15.slice(0, 120),
    tag: "76fc6ece0f4e1768cddf8853bb2d551b",
  },
] as const;

const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const otherKey = Buffer.alloc(32, 9);
const place = additionalData(["provider-key", "user_1", "openai", "pk_1"]);

/** A text with one bit of its decoded bytes turned over. */
const flipped = (text: string, bit: number): string => {
  const bytes = Buffer.from(text, "base64");
  const at = Math.floor(bit / 8) % bytes.length;
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 8)), at);
  return bytes.toString("base64");
};

describe("seal and open", () => {
  it.each(vectors)("agree with AES-256-GCM test case $name of the GCM specification", (vector) => {
    const sealed = seal(hex(vector.plain), hex(vector.key), hex(vector.aad), hex(vector.nonce));
    expect(sealed).toEqual({
      version: 1,
      nonce: base64(vector.nonce),
      ciphertext: base64(vector.sealed),
      tag: base64(vector.tag),
    });
    expect(open(sealed, hex(vector.key), hex(vector.aad)).toString("hex")).toBe(vector.plain);
  });

  it("take a fresh 96-bit nonce each time, so that no two seals of one text are alike", () => {
    const seals = Array.from({ length: 200 }, () => seal("the same text", key, place));
    expect(new Set(seals.map(({ nonce }) => nonce)).size).toBe(200);
    expect(new Set(seals.map(({ ciphertext }) => ciphertext)).size).toBe(200);
    for (const { nonce, tag } of seals) {
      expect(Buffer.from(nonce, "base64")).toHaveLength(12);
      expect(Buffer.from(tag, "base64")).toHaveLength(16);
    }
  });

  it("bring back any text, of any length and script", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (text) => {
        expect(open(seal(text, key, place), key, place).toString("utf8")).toBe(Buffer.from(text).toString("utf8"));
      }),
    );
  });

  it("break on every single flipped bit of nonce, ciphertext and tag", () => {
    const sealed = seal("sk-canary-0123456789", key, place);
    for (const part of ["nonce", "ciphertext", "tag"] as const) {
      const bits = Buffer.from(sealed[part], "base64").length * 8;
      for (let bit = 0; bit < bits; bit++) {
        expect(() => open({ ...sealed, [part]: flipped(sealed[part], bit) }, key, place)).toThrow(SealBroken);
      }
    }
  });

  it("break on another key, another place and another version", () => {
    const sealed = seal("sk-canary-0123456789", key, place);
    expect(() => open(sealed, otherKey, place)).toThrow(SealBroken);
    expect(() => open(sealed, key, additionalData(["provider-key", "user_2", "openai", "pk_1"]))).toThrow(SealBroken);
    expect(() => open({ ...sealed, version: 2 } as unknown as Sealed, key, place)).toThrow(SealBroken);
  });

  it.each([
    ["a cut tag", { tag: Buffer.alloc(12).toString("base64") }],
    ["an empty tag", { tag: "" }],
    ["a long nonce", { nonce: Buffer.alloc(16).toString("base64") }],
    ["text that is not base64", { ciphertext: "not base64 !" }],
    ["base64 without its padding", { nonce: "AAECAwQFBgcICQoL=" }],
  ])("break on %s rather than open with less protection", (_name, damage) => {
    expect(() => open({ ...seal("text", key, place), ...damage }, key, place)).toThrow(SealBroken);
  });

  it("break on a record that says the same in other bytes: there is one form of each", () => {
    const sealed = seal("sk-canary-0123456789", key, place);
    for (const part of ["nonce", "ciphertext", "tag"] as const) {
      for (const text of [`${sealed[part]}\n`, ` ${sealed[part]}`, `${sealed[part]}=`]) {
        expect(Buffer.from(text, "base64")).toEqual(Buffer.from(sealed[part], "base64"));
        expect(() => open({ ...sealed, [part]: text }, key, place)).toThrow(SealBroken);
      }
    }
  });

  it.each([4, 12, 15])("break on the first %d bytes of the right tag", (bytes) => {
    const sealed = seal("text", key, place);
    const tag = Buffer.from(sealed.tag, "base64").subarray(0, bytes).toString("base64");
    expect(() => open({ ...sealed, tag }, key, place)).toThrow(SealBroken);
  });

  it.each([8, 16])("break on a nonce of %d bytes, also when the text was sealed with it", (bytes) => {
    const sealed = seal("text", key, place, Buffer.alloc(bytes, 1));
    expect(() => open(sealed, key, place)).toThrow(SealBroken);
  });

  it("say for the log what broke, and no more", () => {
    const sealed = seal("text", key, place);
    const broken = (damage: object, message: string) =>
      expect(() => open({ ...sealed, ...damage }, key, place)).toThrow(
        expect.objectContaining({ name: "SealBroken", message }),
      );
    broken({ nonce: "" }, "The sealed record is damaged");
    broken({ version: 2 }, "The sealed record has an unknown version");
    broken({ tag: flipped(sealed.tag, 3) }, "The sealed record does not open");
  });

  it("say nothing of the text or the key when they break", () => {
    const sealed = seal("sk-canary-0123456789", key, place);
    try {
      open({ ...sealed, tag: flipped(sealed.tag, 3) }, key, place);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(SealBroken);
      expect((error as Error).cause).toBeUndefined();
      expect(JSON.stringify([(error as Error).message, (error as Error).stack])).not.toMatch(/canary|AAECAw/);
    }
  });

  it.each([0, 16, 31, 33])("refuse a key of %d bytes", (bytes) => {
    expect(() => seal("text", Buffer.alloc(bytes), place)).toThrow("32 bytes");
    expect(() => open(seal("text", key, place), Buffer.alloc(bytes), place)).toThrow("32 bytes");
  });
});

describe("additionalData", () => {
  it("is the version and the parts as JSON: rows that are stored depend on it", () => {
    expect(envelopeVersion).toBe(1);
    expect(place.toString()).toBe('[1,"provider-key","user_1","openai","pk_1"]');
  });

  it("differs for any two lists of parts, also where the parts run together to the same text", () => {
    const parts = fc.array(fc.string({ unit: "binary", maxLength: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        const same = JSON.stringify(left) === JSON.stringify(right);
        expect(additionalData(left).equals(additionalData(right))).toBe(same);
      }),
    );
    expect(additionalData(["a", "bc"]).equals(additionalData(["ab", "c"]))).toBe(false);
  });
});
