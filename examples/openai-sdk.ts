/** OpenAI's TypeScript SDK. Needs CK_KEY; CK_BASE_URL defaults to the address of `npm start`. */
import OpenAI from "openai";

const client = new OpenAI({
  baseURL: process.env.CK_BASE_URL ?? "http://127.0.0.1:8787/api/v1",
  apiKey: process.env.CK_KEY,
});

// Any model of the catalogue, by alias or id.
const stream = await client.chat.completions.create({
  model: "claude",
  stream: true,
  messages: [{ role: "user", content: "Hello" }],
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
process.stdout.write("\n");

// Fields of the gateway, such as `fallback`, go into the body next to OpenAI's own.
const gatewayFields = { fallback: ["gemini"], retries: 1 };
const { data: completion, response } = await client.chat.completions
  .create({ model: "gpt", messages: [{ role: "user", content: "Hello" }], ...gatewayFields })
  .withResponse();
console.log(completion.choices[0]?.message.content);
console.log(`Answered by ${response.headers.get("x-model-used")}, ${response.headers.get("x-provider-used")}`);

const { data: embeddings } = await client.embeddings.create({
  model: "text-embedding-3-small",
  input: ["A lake at dawn", "A mountain at dusk"],
});
console.log(`${embeddings.length} embeddings of ${embeddings[0]?.embedding.length} numbers`);
