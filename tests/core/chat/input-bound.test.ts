import { deflateSync } from "node:zlib";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { resolveModel } from "#core/catalog/resolve.ts";
import { chatSize } from "#core/chat/call-size.ts";
import { inputBound } from "#core/chat/input-bound.ts";
import { pagesOfUnreadable, pdfPages } from "#core/chat/pdf-pages.ts";
import { callReserve } from "#core/generation/reservation.ts";
import { type ChatRequest, chatRequestSchema } from "#core/schemas/chat.ts";

const counted = (value: unknown): number => encode(JSON.stringify(value)).length;
const request = (fields: object): ChatRequest =>
  chatRequestSchema.parse({ model: "gpt", messages: [{ role: "user", content: "Hi" }], ...fields });
const gpt = resolveModel("gpt-6-sol");
const claude = resolveModel("claude-opus-5");
const tokensOf = (fields: object, model = gpt): number => inputBound(request(fields)).tokens(model);
const bare = tokensOf({});
const words = "The quick brown fox jumps over the lazy dog, again and again. ".repeat(40);
const parameters = {
  type: "object",
  properties: Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`field_${index}`, { type: "string", description: words.slice(0, 90) }]),
  ),
};

const dataUrl = (bytes: Buffer, type = "application/pdf"): string => `data:${type};base64,${bytes.toString("base64")}`;
const pageObject = (index: number): string => `${index} 0 obj\n<< /Type /Page /Parent 2 0 R >>\nendobj\n`;
const pdf = (pages: number): Buffer =>
  Buffer.from(
    `%PDF-1.4\n2 0 obj\n<< /Type /Pages /Count ${pages} >>\nendobj\n${Array.from({ length: pages }, (_, index) => pageObject(index + 3)).join("")}%%EOF`,
  );
const compressedPdf = (pages: number): Buffer => {
  const stream = deflateSync(Buffer.from(`<< /Type /Pages /Count ${pages} >>${"<< /Type /Page >>".repeat(pages)}`));
  return Buffer.concat([
    Buffer.from("%PDF-1.7\n1 0 obj\n<< /Type /ObjStm /Filter /FlateDecode >>\nstream\n"),
    stream,
    Buffer.from("\nendstream\nendobj\n%%EOF"),
  ]);
};
const file = (fields: object) => ({ messages: [{ role: "user", content: [{ type: "file", file: fields }] }] });

describe("the bound of a request's input", () => {
  it.each<[string, object, unknown]>([
    ["what is said", { messages: [{ role: "user", content: words }] }, words],
    ["text parts", { messages: [{ role: "user", content: [{ type: "text", text: words }] }] }, words],
    ["names", { messages: [{ role: "user", content: "Hi", name: "n".repeat(400) }] }, "n".repeat(400)],
    [
      "calls and results of tools",
      {
        messages: [
          {
            role: "assistant",
            content: null,
            tool_calls: [
              { id: "call_1", type: "function", function: { name: "look", arguments: JSON.stringify({ words }) } },
            ],
          },
          { role: "tool", tool_call_id: "call_1", content: words },
        ],
      },
      [words, words],
    ],
    [
      "fields of a message that we do not know",
      { messages: [{ role: "user", content: "Hi", notes: { words } }] },
      words,
    ],
    ["tools", { tools: [{ type: "function", function: { name: "f", description: words, parameters } }] }, parameters],
    [
      "the schema of the answer",
      { response_format: { type: "json_schema", json_schema: { name: "a", schema: parameters } } },
      parameters,
    ],
    ["a prediction", { prediction: { type: "content", content: words } }, words],
    ["fields that we do not know", { documents: [{ words }] }, words],
    ["a text file", file({ filename: "a.txt", file_data: dataUrl(Buffer.from(words), "text/plain") }), words],
  ])("covers %s", (_, fields, added) => {
    expect(tokensOf(fields) - bare).toBeGreaterThanOrEqual(counted(added) - 4);
  });

  it("is at most twice an independent count of a long request", () => {
    const fields = {
      messages: [
        { role: "system", content: words },
        { role: "user", content: words },
      ],
    };
    expect(tokensOf(fields)).toBeLessThanOrEqual(2 * counted([words, words]));
  });

  it("leaves out what no model reads", () => {
    expect(tokensOf({ user: words, metadata: { words }, prompt_variables: { words }, stop: [words] })).toBe(bare);
  });

  it("has a stated most for an image, whatever its base64 weighs, and none for its characters", () => {
    const image = (detail: string, url = "https://a.example/b.png") => ({
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url, detail } }] }],
    });
    expect(tokensOf(image("high"))).toBe(tokensOf(image("high", `data:image/png;base64,${"A".repeat(1_000_000)}`)));
    expect(tokensOf(image("high"))).toBeGreaterThan(2_500);
    expect(tokensOf(image("original"))).toBeGreaterThan(10_000);
    expect(tokensOf(image("high"), claude)).toBeGreaterThan(4_784);
    expect(tokensOf(image("low"), resolveModel("gpt-4o-mini"))).toBeGreaterThan(48_000);
  });

  it("grows with the length of audio", () => {
    const audio = (bytes: number) => ({
      messages: [
        {
          role: "user",
          content: [
            { type: "input_audio", input_audio: { data: Buffer.alloc(bytes).toString("base64"), format: "mp3" } },
          ],
        },
      ],
    });
    // A minute in 4 kbit/s, at 32 tokens a second.
    expect(tokensOf(audio(30_000))).toBeGreaterThanOrEqual(60 * 32);
    expect(tokensOf(audio(300_000))).toBeGreaterThanOrEqual(600 * 32);
  });

  it("takes audio of any other form for as long as a context has room, however small it is", () => {
    const gemini = resolveModel("gemini-2.5-flash");
    const wav = (format: number, samplesPerSecond: number): Buffer => {
      const head = Buffer.alloc(44 + 32_000);
      head.write("RIFF", 0);
      head.write("WAVEfmt ", 8);
      head.writeUInt16LE(format, 20);
      head.writeUInt32LE(samplesPerSecond, 24);
      return head;
    };
    const sizeOf = (format: string, bytes: Buffer) =>
      chatSize(
        request({
          messages: [
            {
              role: "user",
              content: [{ type: "input_audio", input_audio: { data: bytes.toString("base64"), format } }],
            },
          ],
        }),
      );
    const bounded = [sizeOf("mp3", Buffer.alloc(32_000)), sizeOf("wav", wav(1, 8_000)), sizeOf("wav", wav(1, 44_100))];
    for (const size of bounded) expect(size.audioTokens?.(gemini)).toBeLessThan(2_100);
    // Silence in a byte: a codec of its own, a rate of one sample a second, a head that is none.
    const unbounded = [
      sizeOf("flac", Buffer.alloc(100)),
      sizeOf("ogg", Buffer.alloc(100)),
      sizeOf("wav", wav(1, 1)),
      sizeOf("wav", wav(0x31, 8_000)),
      sizeOf("wav", Buffer.alloc(8)),
    ];
    for (const size of unbounded) {
      expect(size.audioTokens?.(gemini)).toBe(1_048_576);
      expect(size.inputTokens(gemini)).toBe(1_048_576);
      // A million tokens of audio at a dollar, not at 0.30.
      expect(callReserve(gemini, { ...size, outputTokens: 16 }).picoUsd).toBeGreaterThan(1_000_000_000_000n);
    }
    expect(chatSize(request({})).audioTokens).toBeUndefined();
  });

  it("counts the pages of a PDF, as text and as images", () => {
    const one = tokensOf(file({ file_data: dataUrl(pdf(1)) }), claude);
    const ten = tokensOf(file({ file_data: dataUrl(pdf(10)) }), claude);
    expect(one).toBeGreaterThanOrEqual(3_000 + 4_784);
    expect(ten - one).toBe(9 * 8_000);
  });

  it("names a file that only the provider can see", () => {
    expect(inputBound(request(file({ file_id: "file-1" }))).unseenFile).toBe("messages[0].content[0].file");
    expect(inputBound(request(file({ file_data: "https://a.example/b.pdf" }))).unseenFile).toBeDefined();
    expect(inputBound(request(file({ file_data: dataUrl(pdf(1)) }))).unseenFile).toBeUndefined();
  });

  it("has margins for vendors whose tokenizer nobody knows", () => {
    const fields = { messages: [{ role: "user", content: words }] };
    expect(tokensOf(fields, claude)).toBeGreaterThanOrEqual(1.3 * tokensOf(fields));
  });

  it("sees what is to be cached for an hour", () => {
    const marked = (ttl: string) =>
      request({
        messages: [
          { role: "user", content: [{ type: "text", text: "Hi", cache_control: { type: "ephemeral", ttl } }] },
        ],
      });
    expect(inputBound(marked("1h")).longCacheWrite).toBe(true);
    expect(inputBound(marked("5m")).longCacheWrite).toBe(false);
  });
});

describe("the pages of a PDF", () => {
  it.each([1, 7, 120])("are %i as its page objects and its page tree say", (pages) => {
    expect(pdfPages(pdf(pages))).toBe(pages);
    expect(pdfPages(compressedPdf(pages))).toBe(pages);
  });

  it("are many where the file does not say, and of a stream that is broken or inflates without end", () => {
    expect(pdfPages(Buffer.from("%PDF-1.7 encrypted"))).toBe(pagesOfUnreadable);
    const bomb = deflateSync(Buffer.alloc(20 * 1024 * 1024));
    const head = Buffer.from("%PDF-1.7\n<< /Type /ObjStm >>\nstream\n");
    expect(pdfPages(Buffer.concat([head, bomb, Buffer.from("\nendstream")]))).toBe(pagesOfUnreadable);
    expect(pdfPages(Buffer.concat([head, Buffer.from("garbage\nendstream")]))).toBe(pagesOfUnreadable);
  });
});
