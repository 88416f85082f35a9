/** A body for each operation that takes one, as the reference shows it. A test checks each against the operation's schema. */

const messages = [{ role: "user", content: "Hello" }];
const image = "https://images.example.com/chair.png";
const prompt = "A red bicycle";
const question = "Why is the sky blue?";
const models = ["gpt", "claude"];
const password = "correct horse battery";
const email = "ada@example.com";

/** By the document's `operationId`. */
export const exampleBodies: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  postChatCompletions: { model: "gpt", messages },
  postMessages: { model: "claude", max_tokens: 1_024, messages },
  postCountTokens: { model: "claude", messages },
  postEmbeddings: { model: "text-embedding-3-small", input: "Hello" },
  postResponses: { model: "gpt", input: "Hello" },
  postResponsesInputTokens: { model: "gpt", input: "Hello" },
  postResponsesCompact: { model: "gpt", input: "Hello" },
  postRequestFeedback: { score: 1, comment: "Found the right file" },
  postKeys: { name: "Production server", rateLimit: 60, budget: { usd: 10, period: "month" } },
  patchKey: { rateLimit: 120 },
  postRotateKey: { gracePeriodSeconds: 86_400 },
  postProviderKeys: { provider: "openai", slug: "team", displayName: "Team account", apiKey: "sk-0123456789" },
  postTestProviderKey: { provider: "openai", apiKey: "sk-0123456789" },
  patchProviderKey: { displayName: "Team account" },
  postPresets: { name: "brief", settings: { model: "gpt", temperature: 0 } },
  patchPreset: { settings: { model: "claude" } },
  postExports: { kind: "webhook", url: "https://example.com/hook" },
  patchExport: { enabled: false },
  deleteAccount: { password },
  postSignIn: { email, password },
  postSignUp: { email, password },
  postMagicLink: { email },
  postResetPassword: { email },
  postAuthCallback: { tokenHash: "pkce_0123456789", type: "magiclink", email },
  postSignOut: { everywhere: true },
  postUpdatePassword: { password },
  postChat: { mode: "chat", message: question },
  postBattle: { message: question, models },
  postFight: { message: question, models, rounds: 1 },
  postCouncil: { message: question, models },
  postVote: { winner: "agent-1" },
  patchLeaderboard: { share: true },
  postMcp: { jsonrpc: "2.0", id: 1, method: "tools/list" },
  postMediaSpeech: { text: "Hello" },
  postMediaMusic: { prompt: "Calm piano", is_instrumental: true },
  postMediaImage: { prompt },
  postMediaVideo: { prompt },
  postFashionRun: { model_name: "background-change", inputs: { image, prompt: "A beach" } },
  postFashionSubscribe: { model_name: "background-remove", inputs: { image } },
  postImageGenerate: { prompt },
  postImageEdit: { prompt: "Make it blue", image_url: image },
  postImagesGenerations: { prompt },
  postImagesEdits: { prompt: "Make it blue", images: [{ image_url: image }] },
  postAudioSpeech: { model: "tts-1", input: "Hello", voice: "alloy" },
  postAudioTranscriptions: { model: "gpt-4o-transcribe", file: "data:audio/wav;base64,UklGRg==" },
  postModerations: { input: "Hello" },
  postVideoGenerate: { model: "kling", prompt },
  postVision: { image_url: image, prompt: "What is this?" },
};
