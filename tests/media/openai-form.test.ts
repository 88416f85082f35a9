import OpenAI, { toFile } from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import { Browser } from "#tests/accounts/support/gateway.ts";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { Caller, pngDataUrl } from "./support.ts";

/** OpenAI's media endpoints, driven by its own SDK. */

const cloud = useStandardCloud();
const microUsd = 1_000_000n;
const png = Buffer.from(pngDataUrl.slice(pngDataUrl.indexOf(",") + 1), "base64");
const audio = () => toFile(Buffer.alloc(32_000, 1), "hello.wav", { type: "audio/wav" });

let user: Caller;
let client: OpenAI;
/** A client whose user has an OpenAI key. */
let own: OpenAI;
/** The same user's, whose API key has a budget that includes it. */
let budgeted: OpenAI;
let ownUserId: string;

const storeOwnKey = async (): Promise<void> => {
  const { email, password, userId } = await cloud().createUser();
  const browser = await Browser.of(cloud().url).signIn({ email, password });
  const stored = await browser.post("/api/v1/provider-keys", {
    provider: "openai",
    slug: "mine",
    displayName: "mine",
    apiKey: "sk-mine-0123456789abcdef",
  });
  expect(stored.status).toBe(201);
  const clientOf = async (body: object): Promise<OpenAI> => {
    const key = await browser.post("/api/v1/keys", { name: "mine", rateLimit: 60, ...body });
    const apiKey = (key.json() as { data: { key: string } }).data.key;
    return new OpenAI({ apiKey, baseURL: cloud().baseUrl, maxRetries: 0 });
  };
  own = await clientOf({});
  budgeted = await clientOf({ budget: { usd: 1, period: "day", includeByok: true } });
  ownUserId = userId;
};

beforeAll(async () => {
  user = await Caller.of(cloud());
  client = new OpenAI({ apiKey: user.key.key, baseURL: cloud().baseUrl, maxRetries: 0 });
  await storeOwnKey();
});

const usageOf = (headers: Headers) => user.usage({ requestId: headers.get("x-request-id") ?? "" });

describe("POST /api/v1/images/generations", () => {
  it("serves OpenAI's own model, passes its fields on, and meters the tokens that it reports", async () => {
    const { data, response } = await client.images
      .generate({
        model: "gpt-image-2",
        prompt: "A quiet lake",
        n: 2,
        size: "1536x1024",
        quality: "high",
        background: "opaque",
      })
      .withResponse();
    expect(data.data).toHaveLength(2);
    expect(Buffer.from(data.data?.[0]?.b64_json ?? "", "base64").toString("latin1", 1, 4)).toBe("PNG");
    expect(data.usage).toMatchObject({ input_tokens: 3, output_tokens: 2_000 });
    const sent = (await cloud().providerRequests("A quiet lake")).at(-1)?.body;
    expect(sent).toMatchObject({ size: "1536x1024", quality: "high", background: "opaque", n: 2 });
    const event = await usageOf(response.headers);
    expect(event).toMatchObject({ route: "ImagesGenerations", model: "gpt-image-2", unit: "images", units: 2 });
    expect(event.costPicoUsd).toBe((3n * 5n + 2_000n * 30n) * microUsd);
  });

  it.each([
    ["imagen", "1792x1024", "google"],
    ["flux", "1024x1024", "bfl"],
    ["recraft", "1024x1536", "fal"],
  ])("serves %s in a size of OpenAI's form", async (model, size, provider) => {
    const { data, response } = await client.images
      .generate({ model, prompt: "A lake", size: size as "auto" })
      .withResponse();
    const [image] = data.data ?? [];
    expect((image?.url ?? image?.b64_json ?? "").length).toBeGreaterThan(0);
    expect(response.headers.get("x-provider-used")).toBe(`${provider} (simulated)`);
  });

  it("names the fields that another provider's model does not use", async () => {
    const { response } = await client.images
      .generate({ model: "imagen", prompt: "A lake", quality: "hd", style: "vivid", output_format: "webp" })
      .withResponse();
    expect(response.headers.get("x-warnings")).toBe("quality-ignored, style-ignored, output_format-ignored");
  });

  it("streams an event for each image", async () => {
    const stream = await client.images.generate({ model: "imagen", prompt: "A lake", stream: true });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types).toEqual(["image_generation.completed"]);
  });

  it("returns bytes or a URL, as asked", async () => {
    const bytes = await client.images.generate({ model: "imagen", prompt: "A lake", response_format: "b64_json" });
    expect(bytes.data?.[0]?.b64_json?.length).toBeGreaterThan(0);
    const url = await client.images.generate({ model: "imagen", prompt: "A lake", response_format: "url" });
    expect(url.data?.[0]?.url).toMatch(/^data:image\/png;base64,/);
  });

  it("refuses a model that makes no images, and a size that is none", async () => {
    await expect(client.images.generate({ model: "gpt-5.2", prompt: "A lake" })).rejects.toMatchObject({
      status: 400,
      code: "INVALID_MODEL",
    });
    await expect(
      client.images.generate({ model: "imagen", prompt: "A lake", size: "huge" as "auto" }),
    ).rejects.toMatchObject({ status: 400, param: "size" });
  });
});

describe("POST /api/v1/images/edits", () => {
  it("takes files of a form, and OpenAI gets them as they were", async () => {
    const image = () => toFile(png, "lake.png", { type: "image/png" });
    const edited = await client.images.edit({
      model: "gpt-image-2",
      prompt: "Add a red boat",
      image: [await image(), await image()],
      mask: await image(),
    });
    expect(edited.data).toHaveLength(1);
    const sent = (await cloud().providerRequests("Add a red boat")).at(-1)?.body as Record<string, unknown>;
    expect(sent["image[]"]).toEqual([
      { name: "image.png", type: "image/png", size: png.length },
      { name: "image.png", type: "image/png", size: png.length },
    ]);
    expect(sent.mask).toMatchObject({ size: png.length });
  });

  it("serves another provider's model", async () => {
    const image = await toFile(png, "lake.png", { type: "image/png" });
    const { data } = await client.images.edit({ model: "gemini-3-pro-image", prompt: "Add a boat", image });
    expect(data).toHaveLength(1);
  });

  it("takes JSON with URLs", async () => {
    const reply = await user.post("/images/edits", {
      model: "imagen",
      prompt: "Add a boat",
      images: [{ image_url: pngDataUrl }],
    });
    expect(reply.status).toBe(200);
  });

  it("refuses a form without an image, a file of another kind, a broken form, and another content type", async () => {
    const text = await toFile(Buffer.from("hello"), "a.txt", { type: "text/plain" });
    await expect(client.images.edit({ prompt: "x", image: text })).rejects.toMatchObject({
      status: 400,
      param: "image",
    });
    const post = (contentType: string, body: string) =>
      fetch(`${cloud().baseUrl}/images/edits`, {
        method: "POST",
        headers: { authorization: `Bearer ${user.key.key}`, "content-type": contentType },
        body,
      });
    const without = await post(
      "multipart/form-data; boundary=x",
      '--x\r\ncontent-disposition: form-data; name="prompt"\r\n\r\nA\r\n--x--\r\n',
    );
    expect(without.status).toBe(400);
    expect((await post("multipart/form-data; boundary=x", "--y nonsense")).status).toBe(400);
    expect((await post("text/plain", "hello")).status).toBe(415);
  });
});

describe("POST /api/v1/audio/speech", () => {
  it.each(["tts-1", "gpt-4o-mini-tts"])("streams audio of %s", async (model) => {
    const response = await client.audio.speech.create({ model, input: "Hello there", voice: "alloy" });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get("content-type")).toBe("audio/mpeg");
    expect(bytes.readUInt16BE(0)).toBe(0xfffb);
    const event = await usageOf(response.headers);
    expect(event).toMatchObject({ route: "AudioSpeech", status: "ok", model, unit: "characters", units: 11 });
    const tokens = 3n * 600_000n + 15n * 12_000_000n;
    expect(event.costPicoUsd).toBe(model === "tts-1" ? 11n * 15n * microUsd : tokens);
  });

  it("streams events that report tokens", async () => {
    const reply = await user.post("/audio/speech", {
      model: "gpt-4o-mini-tts",
      input: "Hello there",
      voice: "alloy",
      stream_format: "sse",
    });
    expect(reply.headers.get("content-type")).toContain("text/event-stream");
    expect(reply.text).toContain('"type":"speech.audio.done"');
  });

  it("serves MiniMax's voices, and says when it replaces one of OpenAI's", async () => {
    const response = await client.audio.speech.create({
      model: "speech-2.8-hd",
      input: "Hello there",
      voice: "alloy",
      response_format: "wav",
    });
    expect(Buffer.from(await response.arrayBuffer()).toString("latin1", 0, 4)).toBe("RIFF");
    expect(response.headers.get("x-warnings")).toBe("voice-replaced");
    expect(response.headers.get("x-provider-used")).toBe("minimax (simulated)");
  });

  it("reserves as much as MiniMax may bill for Chinese, and more for slow speech", async () => {
    const reservedFor = async (body: { model: string; input: string; speed?: number }): Promise<bigint> => {
      const response = await client.audio.speech.create({ ...body, voice: "alloy" });
      await response.arrayBuffer();
      return (await usageOf(response.headers)).reservedPicoUsd;
    };
    expect(await reservedFor({ model: "speech-2.8-hd", input: "\u4f60\u597d" })).toBe(4n * 100n * microUsd);
    const usual = await reservedFor({ model: "gpt-4o-mini-tts", input: "Hello there" });
    expect(await reservedFor({ model: "gpt-4o-mini-tts", input: "Hello there", speed: 0.25 })).toBeGreaterThan(
      3n * usual,
    );
  });

  it("books the quote when the stream breaks off", async () => {
    const reply = user.open("POST", "/audio/speech", {
      model: "gpt-4o-mini-tts",
      input: `[[simulate: cut-after=6]] ${"word ".repeat(100)}`,
      voice: "alloy",
    });
    const response = await reply;
    await expect(response.arrayBuffer()).rejects.toThrow();
    const event = await usageOf(response.headers);
    expect(event.status).toBe("error");
    expect(event.costPicoUsd).toBeGreaterThan(0n);
  });
});

describe("POST /api/v1/audio/transcriptions", () => {
  it("transcribes a file and meters the tokens that are reported", async () => {
    const { data, response } = await client.audio.transcriptions
      .create({ model: "gpt-4o-transcribe", file: await audio() })
      .withResponse();
    expect(data.text).toBe("Transcript of hello.wav with 32000 bytes.");
    const event = await usageOf(response.headers);
    expect(event).toMatchObject({ route: "AudioTranscriptions", status: "ok", unit: "seconds" });
    expect(event.costPicoUsd).toBe(20n * 6_000_000n + 11n * 10_000_000n);
  });

  it("streams a transcript", async () => {
    const stream = await client.audio.transcriptions.create({
      model: "gpt-4o-mini-transcribe",
      file: await audio(),
      stream: true,
    });
    let text = "";
    for await (const event of stream) if (event.type === "transcript.text.delta") text += event.delta;
    expect(text).toBe("Transcript of hello.wav with 32000 bytes.");
  });

  it.each([
    ["text", "Transcript of hello.wav with 32000 bytes.\n"],
    ["srt", "1\n00:00:00,000 --> 00:00:02,000\nTranscript of hello.wav with 32000 bytes.\n"],
    ["vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nTranscript of hello.wav with 32000 bytes.\n"],
  ] as const)("answers whisper-1 as %s, metered by the second", async (format, expected) => {
    const { data, response } = await own.audio.transcriptions
      .create({ model: "whisper-1", file: await audio(), response_format: format })
      .withResponse();
    expect(data).toBe(expected);
    const event = await cloud().settledUsage(ownUserId, response.headers.get("x-request-id") ?? "");
    expect(event).toMatchObject({ byok: true, units: 2, costPicoUsd: 200n * microUsd });
  });

  it("refuses a format that the model does not have, and a body over 4.5 MB", async () => {
    await expect(
      client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file: await audio(), response_format: "srt" }),
    ).rejects.toMatchObject({ status: 400, param: "response_format" });
    const large = await toFile(Buffer.alloc(4_600_000), "large.wav", { type: "audio/wav" });
    await expect(client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file: large })).rejects.toMatchObject(
      {
        status: 413,
      },
    );
  });

  it("does not pay for audio of any length: whisper-1 needs the caller's own key", async () => {
    const file = await toFile(Buffer.from("a-long-silence"), "silence.flac", { type: "audio/flac" });
    // A budget that includes the caller's own key cannot hold it either.
    for (const held of [client, budgeted]) {
      await expect(held.audio.transcriptions.create({ model: "whisper-1", file })).rejects.toMatchObject({
        status: 400,
        param: "model",
      });
    }
    expect(await cloud().providerRequests("silence.flac")).toEqual([]);
  });

  it("reserves the longest audio that OpenAI takes, however small the file is", async () => {
    const file = await toFile(Buffer.alloc(100), "small.flac", { type: "audio/flac" });
    const { response } = await client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file }).withResponse();
    const { reservedPicoUsd } = await usageOf(response.headers);
    // $0.006 a minute, for 1,500 seconds.
    expect(reservedPicoUsd).toBeGreaterThanOrEqual(150_000_000_000n);
  });

  it("replays the answer to the same file under an Idempotency-Key, and refuses another file", async () => {
    const headers = { "Idempotency-Key": "transcript-1" };
    const create = async (bytes: number) =>
      client.audio.transcriptions
        .create(
          { model: "gpt-4o-transcribe", file: await toFile(Buffer.alloc(bytes, 1), "a.wav", { type: "audio/wav" }) },
          { headers },
        )
        .withResponse();
    const first = await create(16_000);
    const again = await create(16_000);
    expect(again.data).toEqual(first.data);
    expect(again.response.headers.get("x-idempotent-replay")).toBe("true");
    await expect(create(16_001)).rejects.toMatchObject({ status: 422 });
  });
});

describe("POST /api/v1/moderations", () => {
  it("classifies texts, and costs nothing", async () => {
    const { data, response } = await client.moderations.create({ input: ["hello", "world"] }).withResponse();
    expect(data.results).toHaveLength(2);
    const event = await usageOf(response.headers);
    expect(event).toMatchObject({ route: "Moderations", status: "ok", costPicoUsd: 0n });
  });
});
