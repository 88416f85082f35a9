import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";

/** Responses (plain, streamed, tools, structured output), images, speech, transcripts and moderation, with the SDK's defaults. */
const { ORIGIN, API_KEY, MODEL: model } = process.env;
const client = new OpenAI({ apiKey: API_KEY, baseURL: `${ORIGIN}/api/v1` });

const plain = await client.responses.create({ model, input: "Hello" });
assert.ok(plain.output_text.length > 0);
const streamed = await client.responses.stream({ model, input: "Hello" }).finalResponse();
assert.equal(streamed.status, "completed");
assert.ok(streamed.output_text.length > 0);

const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const tools = [{ type: "function", name: "get_weather", parameters, strict: true }];
const question = { role: "user", content: "Weather please" };
const called = await client.responses.stream({ model, input: [question], tools }).finalResponse();
const call = called.output.find(({ type }) => type === "function_call");
assert.equal(call.name, "get_weather");
const result = { type: "function_call_output", call_id: call.call_id, output: "21 degrees" };
const answered = await client.responses.create({ model, input: [question, ...called.output, result], tools });
assert.match(answered.output_text, /21 degrees/);

const format = { type: "json_schema", name: "city", strict: true, schema: parameters };
const structured = await client.responses.parse({ model, input: "A city", text: { format } });
assert.equal(typeof structured.output_parsed.city, "string");

const image = await client.images.generate({ model: "gpt-image-2.6", prompt: "A lake" });
assert.ok(image.data[0].b64_json.length > 0);
const png = await toFile(Buffer.from(image.data[0].b64_json, "base64"), "lake.png", { type: "image/png" });
const edited = await client.images.edit({ model: "gpt-image-2.6", image: png, prompt: "In winter" });
assert.ok(edited.data[0].b64_json.length > 0);

const speech = await client.audio.speech.create({ model: "gpt-4o-mini-tts", voice: "alloy", input: "Good morning." });
const bytes = Buffer.from(await speech.arrayBuffer());
assert.ok(bytes.length > 0);
const file = await toFile(Buffer.alloc(32_000, 1), "hello.wav", { type: "audio/wav" });
assert.ok((await client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file })).text.length > 0);

const moderation = await client.moderations.create({ input: "Good morning." });
assert.equal(moderation.results[0].flagged, false);
