/** What is asked of the old gateway. A test sends the same again, so nothing here may depend on the day or the machine. */

export interface RecordedRequest {
  readonly name: string;
  /** Behind `/api/v1`, unless it begins with `/api/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const user = (content: string) => ({ role: "user", content });
const dot =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const photo = "https://images.example.com/a.png";
/** A public address that nothing is routed to: deliveries to it fail on every network. */
const webhookUrl = "https://[3ffe::1]/webhooks/concurred";

const uncached = { "x-cache": "no-cache" };

const weatherTool = {
  type: "function",
  function: {
    name: "get_weather",
    strict: true,
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    },
  },
};

const fashion = (directives: string, more: object = {}) => ({
  model_name: "reframe",
  inputs: { image: `${photo}#[[simulate:${directives}]]` },
  ...more,
});

/** One for each route that takes an `Idempotency-Key`, sent with its name as the key. */
export const onceRequests: readonly RecordedRequest[] = [
  {
    name: "chat-completion",
    path: "/chat/completions",
    body: { model: "claude", messages: [user("Hello [[simulate: text=Hello to you]]")], temperature: 0.5 },
  },
  {
    name: "chat-stream",
    path: "/chat/completions",
    body: {
      model: "gpt",
      stream: true,
      stream_options: { include_usage: true },
      messages: [user("Hello stream [[simulate: cached=5 text=Hello in parts]]")],
    },
  },
  {
    name: "chat-too-long",
    path: "/chat/completions",
    headers: uncached,
    body: { model: "gpt-4o-mini", messages: [user("Long [[simulate: length=320000]]")] },
  },
  {
    name: "chat-refused",
    path: "/chat/completions",
    headers: uncached,
    body: { model: "no-such-model", messages: [user("Hello")] },
  },
  { name: "embeddings", path: "/embeddings", body: { model: "text-embedding-3-small", input: "Hello", dimensions: 4 } },
  { name: "arena-chat", path: "/api/chat", body: { message: "Hello arena", model: "claude", search: false } },
  {
    name: "battle",
    path: "/battle",
    body: { message: "Hello battle", models: ["gpt", "claude"], search: false, stream: true },
  },
  {
    name: "fight",
    path: "/fight",
    body: { message: "Hello fight", models: "gpt,claude", rounds: 1, search: false, stream: true },
  },
  { name: "speech", path: "/media/speech", headers: { accept: "audio/mpeg" }, body: { text: "Hi." } },
  { name: "music", path: "/media/music", body: { lyrics: "La", output_format: "url" } },
  { name: "media-image", path: "/media/image", body: { prompt: "A lake" } },
  { name: "media-video", path: "/media/video", body: { prompt: "A lake [[simulate: polls=99]]" } },
  { name: "image", path: "/image/generate", body: { model: "flux", prompt: "A lake", n: 2 } },
  { name: "image-edit", path: "/image/edit", body: { model: "qwen", prompt: "Winter", image_url: photo } },
  { name: "video", path: "/video/generate", body: { model: "kling", prompt: "A lake", duration: 5 } },
  { name: "fashion", path: "/fashion/run", body: fashion("polls=0 fail=PoseError") },
  { name: "fashion-stream", path: "/fashion/subscribe", body: { ...fashion("polls=1"), timeout: 60_000 } },
  { name: "vision", path: "/vision", body: { model: "claude", prompt: "What is it?", image_url: dot } },
];

/** Further usage rows, each of another kind. */
export const plainRequests: readonly RecordedRequest[] = [
  // Found in the cache: the same body as above, without a key.
  ...onceRequests.filter(({ name }) => name === "chat-completion").map((hit) => ({ ...hit, name: "cache-hit" })),
  {
    name: "own-key",
    path: "/chat/completions",
    headers: { ...uncached, "x-provider-key": "my-x-ai" },
    body: { model: "grok-4.3", messages: [user("Hello")] },
  },
  {
    name: "unused-generation",
    path: "/chat/completions",
    headers: uncached,
    body: {
      model: "grok-4.3",
      fallback: ["gpt"],
      retries: 0,
      tools: [weatherTool],
      messages: [user("Weather in Rome?")],
    },
  },
  {
    name: "unlisted-model",
    path: "/chat/completions",
    headers: uncached,
    body: { model: "openrouter/acme/model-of-tomorrow", messages: [user("Hello")] },
  },
  {
    name: "provider-error",
    path: "/chat/completions",
    headers: uncached,
    body: { model: "gpt-4o-mini", retries: 0, messages: [user("Hello [[simulate: status=500]]")] },
  },
  {
    name: "length-stop",
    path: "/chat/completions",
    body: { model: "gpt-4o-mini", messages: [user("Cut [[simulate: finish=length]]")] },
  },
  {
    name: "prompt",
    path: "/chat/completions",
    body: {
      model: "gpt-4o-mini",
      prompt_id: "greeting",
      prompt_variables: { language: "German" },
      messages: [user("Hello")],
    },
  },
  { name: "speech-url", path: "/media/speech", body: { text: "Hi.", output_format: "url" } },
  { name: "own-key-video", path: "/video/generate", body: { model: "veo", prompt: "A lake" } },
  {
    name: "own-key-video-running",
    path: "/video/generate",
    body: { model: "veo", prompt: "A lake [[simulate: polls=99]]" },
  },
  { name: "video-running", path: "/video/generate", body: { model: "kling", prompt: "A lake [[simulate: polls=99]]" } },
  { name: "fashion-held", path: "/fashion/run", body: heldFashion() },
  { name: "fashion-running", path: "/fashion/run", body: fashion("polls=99") },
  { name: "fashion-undelivered", path: "/fashion/run", body: fashion("polls=0", { webhookUrl }) },
];

/** An output in base64, which stays at the provider. */
function heldFashion() {
  const { inputs, ...rest } = fashion("polls=0");
  return { ...rest, inputs: { ...inputs, return_base64: true } };
}

/** A prompt of the operator's, whose variables `prompt` above fills in. */
export const prompt = { name: "greeting", type: "text", prompt: "Greet in {{language}}.", labels: ["production"] };

/** Started last: nobody has asked about it when the gateway is killed. */
export const lastJob: RecordedRequest = {
  name: "fashion-webhook",
  path: "/fashion/run",
  body: fashion("polls=0", { webhookUrl }),
};

/** Never answered: killed in the middle. */
export const openRequest = (name: string): RecordedRequest => ({
  name,
  path: "/chat/completions",
  headers: { "idempotency-key": name },
  body: { model: "claude", stream: true, messages: [user(`${name} [[simulate: first-delay-ms=3600000]]`)] },
});

/** Streams for so long that it can be cancelled. */
export const slowRequest = (name: string): RecordedRequest => ({
  name,
  path: "/chat/completions",
  headers: uncached,
  body: { model: "gpt-4o-mini", stream: true, messages: [user(`${name} [[simulate: chunks=2000 chunk-delay-ms=50]]`)] },
});
