import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import type { Review } from "./review.ts";

/**
 * What becomes of every field of a chat request at every provider: data that the adapters are driven by (`apply-fields.ts`)
 * or held equal to by tests, and that docs/reference/fields.md shows.
 */

export const fieldsReview: Review = {
  reviewed: "2026-11-29",
  // And the documentation of the others, of that month.
  sources: ["openai@7.57", "@anthropic-ai/sdk@1.12", "https://ai.google.dev/gemini-api/docs/openai"],
};

/**
 * - passed: sent as it came
 * - translated: sent in the provider's own form, with the same meaning
 * - clamped: sent with the nearest value that the model takes; named in `X-Warnings` when that changed it
 * - dropped: not sent; named in `X-Warnings`
 * - refused: a 400 before any call
 */
export type Treatment = "passed" | "translated" | "clamped" | "dropped" | "refused";

/** When a case holds, in the words of the documentation. */
export const conditions = {
  "platform-key": "on the platform's key",
  "no-tools": "without tools",
  "not-reasoning": "on models that do not reason",
  "reasoning-model": "on models that reason",
  thinking: "on models that reason, unless reasoning_effort is none",
  "stop-refused": "on o3, o4-mini, GPT-5 and GPT-6",
  responses: "where the Responses API is called",
  "gemini-2": "on Gemini 2.x",
  "tools-present": "with tools",
  "grok-no-effort": "on models that take no effort",
  "minimax-m2": "on MiniMax M2.x",
} as const;
export type Condition = keyof typeof conditions;

export interface FieldCase {
  readonly treatment: Treatment;
  /** Every one must hold. Absent: in every other case. */
  readonly when?: readonly Condition[];
  /** A few words for the documentation; of a refusal, the message that the caller gets. */
  readonly note?: string;
}

/** The first case whose condition holds counts; the last has none. */
export type FieldCases = readonly FieldCase[];
export type FieldRow = Readonly<Record<ChatProviderId, FieldCases>>;

const one = (treatment: Treatment, note?: string): FieldCases => [
  note === undefined ? { treatment } : { treatment, note },
];
const passed = one("passed");
const dropped = one("dropped");
const pass = (note: string): FieldCases => one("passed", note);
const translate = (note: string): FieldCases => one("translated", note);
const clamp = (note: string): FieldCases => one("clamped", note);
const drop = (note: string): FieldCases => one("dropped", note);
const refuse = (note: string): FieldCases => one("refused", note);
/** `cases` where the conditions hold, else what follows. */
const on = (when: Condition | readonly Condition[], cases: FieldCases, otherwise: FieldCases): FieldCases => [
  ...cases.map((each) => ({ ...each, when: [when].flat() })),
  ...otherwise,
];

/** One treatment for all, with exceptions. A custom provider, which the caller's key pays, gets what is not an exception. */
const row = (every: FieldCases, exceptions: Partial<FieldRow> = {}): FieldRow => ({
  bedrock: exceptions.anthropic ?? every,
  custom: passed,
  openai: every,
  anthropic: every,
  google: every,
  "x-ai": every,
  openrouter: every,
  minimax: every,
  ...exceptions,
});
/** The same with a custom provider among all. */
const forAll = (every: FieldCases, exceptions: Partial<FieldRow> = {}): FieldRow =>
  row(every, { custom: every, ...exceptions });
/** OpenAI's own field that no other provider has. */
const onlyOpenAi = (openai: FieldCases, exceptions: Partial<FieldRow> = {}): FieldRow =>
  row(dropped, { openai, ...exceptions });

const unlessThinking = on("thinking", dropped, passed);
const onResponses = (cases: FieldCases, otherwise: FieldCases): FieldCases => on("responses", cases, otherwise);
const ownKeyOnly = on("platform-key", drop("it changes the price"), passed);
const noAudioOut = refuse("this provider returns text only.");
const maxTokensOfResponses = translate("max_output_tokens");

/** Top-level fields. */
export const fieldTable = {
  model: forAll(translate("the provider's own id")),
  messages: forAll(translate("see the parts table below")),
  stream: row(passed, { bedrock: translate("ConverseStream") }),
  stream_options: row(translate("usage is always requested; include_usage decides whether you receive it"), {
    anthropic: translate("include_usage decides whether you receive it"),
    custom: translate("usage is requested, except at Mistral; include_usage decides whether you receive it"),
  }),
  temperature: row(passed, {
    openai: unlessThinking,
    anthropic: clamp("0 to 1; dropped with thinking and from Opus 4.7 on"),
    minimax: clamp("0.01 to 1"),
  }),
  top_p: row(passed, {
    openai: unlessThinking,
    anthropic: clamp("dropped with temperature, with thinking and from Opus 4.7 on"),
  }),
  min_p: row(dropped, { openrouter: passed }),
  top_a: row(dropped, { openrouter: passed }),
  repetition_penalty: row(dropped, { openrouter: passed }),
  top_k: row(dropped, {
    bedrock: translate("a field of the model; Claude only"),
    anthropic: clamp("dropped with thinking and from Opus 4.7 on"),
    openrouter: passed,
  }),
  max_tokens: row(passed, {
    openai: onResponses(maxTokensOfResponses, on("reasoning-model", translate("max_completion_tokens"), passed)),
    anthropic: clamp("the model's limit"),
    "x-ai": translate("max_completion_tokens"),
    minimax: translate("max_completion_tokens"),
    custom: translate("max_completion_tokens at Azure"),
  }),
  max_completion_tokens: row(passed, {
    openai: onResponses(maxTokensOfResponses, passed),
    anthropic: clamp("max_tokens, up to the model's limit"),
    google: translate("max_tokens"),
    custom: translate("max_tokens, except at Azure"),
  }),
  n: row(passed, {
    openai: onResponses(refuse("the Responses API returns one answer per request: n must be 1."), passed),
    anthropic: refuse("Claude models return one answer per request: n must be 1."),
    minimax: refuse("MiniMax returns one answer per request: n must be 1."),
  }),
  stop: row(passed, {
    openai: onResponses(dropped, on("stop-refused", dropped, passed)),
    anthropic: translate("stop_sequences; sequences without a visible character are dropped"),
    google: pass("up to five; empty ones are dropped with a warning"),
    "x-ai": on("reasoning-model", dropped, passed),
  }),
  seed: row(passed, {
    openai: onResponses(dropped, passed),
    anthropic: dropped,
    google: clamp("to 32 bits"),
    minimax: dropped,
  }),
  frequency_penalty: row(passed, {
    openai: onResponses(dropped, unlessThinking),
    anthropic: dropped,
    google: clamp("below 2"),
    "x-ai": on("reasoning-model", dropped, passed),
    minimax: dropped,
  }),
  presence_penalty: row(passed, {
    openai: onResponses(dropped, unlessThinking),
    anthropic: dropped,
    google: clamp("below 2"),
    "x-ai": on("reasoning-model", dropped, passed),
    minimax: dropped,
  }),
  logit_bias: row(dropped, { openai: onResponses(dropped, unlessThinking), openrouter: passed }),
  logprobs: row(dropped, { openai: onResponses(dropped, unlessThinking), "x-ai": passed, openrouter: passed }),
  top_logprobs: row(dropped, {
    openai: onResponses(dropped, unlessThinking),
    "x-ai": clamp("at most 8"),
    openrouter: passed,
  }),
  tools: row(passed, {
    openai: onResponses(translate("the Responses API's format"), passed),
    anthropic: translate("Anthropic's format"),
    google: translate("schemas in Gemini's subset"),
    "x-ai": passed,
    openrouter: passed,
    minimax: translate("without strict"),
  }),
  tool_choice: row(on("no-tools", drop("it has no effect"), passed), {
    openai: on("no-tools", dropped, onResponses(translate("the Responses API's format"), passed)),
    anthropic: translate("models that always think refuse a forced choice"),
    custom: on("no-tools", drop("it has no effect"), passed),
  }),
  parallel_tool_calls: row(on("no-tools", dropped, passed), {
    anthropic: translate("disable_parallel_tool_use"),
    bedrock: dropped,
    google: dropped,
    minimax: dropped,
    custom: on("no-tools", dropped, passed),
  }),
  functions: forAll(translate("tools; the first call returns as function_call")),
  function_call: forAll(translate("tool_choice")),
  response_format: row(passed, {
    openai: onResponses(translate("text.format"), passed),
    anthropic: translate(
      "output_config.format; for older models and json_object the prompt asks for JSON, with a warning",
    ),
    google: on(
      ["gemini-2", "tools-present"],
      refuse("Gemini 2.x does not support a JSON schema with tools: remove one of them or use Gemini 3."),
      translate("schemas in Gemini's subset"),
    ),
    openrouter: translate("with provider.require_parameters for a JSON schema, so that it is not ignored"),
    minimax: clamp("the prompt asks for it, because the endpoint has no such field"),
  }),
  reasoning_effort: row(passed, {
    openai: on(
      "not-reasoning",
      dropped,
      clamp(
        "the model's efforts; with tools, GPT-5.4 to 5.6 and gpt-6-sol are called over the Responses API for any effort except none, and GPT-5.6 and gpt-6-sol get none if no effort is set",
      ),
    ),
    anthropic: clamp("thinking: a budget up to Claude 4.5, an effort from 4.6 on"),
    bedrock: clamp("as for Claude; an effort of GPT and of Nova 2; dropped for other models"),
    google: clamp("the model's levels; thinking cannot be off on Gemini 3"),
    "x-ai": on("grok-no-effort", dropped, clamp("the model's efforts; never off from Grok 4.5 on")),
    openrouter: passed,
    minimax: on("minimax-m2", dropped, clamp("thinking on or off; an effort on M3.1-Flash, which is never off")),
  }),
  verbosity: onlyOpenAi(onResponses(translate("text.verbosity"), passed), { openrouter: passed }),
  user: row(passed, {
    anthropic: translate("metadata.user_id; a hash of an id that may name a person"),
    bedrock: dropped,
    google: dropped,
    minimax: dropped,
  }),
  safety_identifier: onlyOpenAi(passed, { anthropic: translate("metadata.user_id, as user"), bedrock: dropped }),
  metadata: onlyOpenAi(on("platform-key", drop("OpenAI accepts it only with store; it remains a tag"), passed), {
    openrouter: passed,
  }),
  store: onlyOpenAi(on("platform-key", drop("nothing is stored on the platform's account"), passed)),
  service_tier: row(dropped, {
    openai: ownKeyOnly,
    "x-ai": ownKeyOnly,
    openrouter: ownKeyOnly,
  }),
  modalities: row(noAudioOut, { openai: onResponses(noAudioOut, passed), openrouter: passed }),
  audio: row(noAudioOut, { openai: onResponses(noAudioOut, passed), openrouter: passed }),
  prediction: onlyOpenAi(onResponses(dropped, passed), { openrouter: passed }),
  web_search_options: onlyOpenAi(onResponses(dropped, ownKeyOnly), { openrouter: ownKeyOnly }),
  moderation: onlyOpenAi(onResponses(dropped, passed)),
  prompt_cache_key: onlyOpenAi(passed),
  prompt_cache_options: onlyOpenAi(passed),
  prompt_cache_retention: onlyOpenAi(passed),
  cache_control: row(dropped, {
    anthropic: passed,
    openrouter: passed,
    bedrock: translate("a cache point at the end"),
  }),
  thinking: row(dropped, {
    anthropic: pass("instead of reasoning_effort"),
    minimax: passed,
    bedrock: translate("a field of the model; Claude only"),
  }),
  output_config: row(dropped, { anthropic: passed, bedrock: translate("a field of the model; Claude only") }),
  reasoning: forAll(translate("reasoning_effort"), { openrouter: passed }),
  provider: row(dropped, {
    openrouter: on("platform-key", drop("it changes the price; the gateway sends its own max_price"), passed),
  }),
  models: row(dropped, { openrouter: ownKeyOnly }),
  plugins: row(dropped, { openrouter: ownKeyOnly }),
  route: row(dropped, { openrouter: ownKeyOnly }),
  extra_body: row(dropped, {
    google: on("platform-key", translate("its reviewed fields, google.thinking_config"), passed),
  }),
  search_parameters: row(dropped),
  reasoning_split: row(dropped, { minimax: translate("always true: thinking never appears in the text") }),
} as const satisfies Readonly<Record<string, FieldRow>>;

export type FieldName = keyof typeof fieldTable;

/** A field that the table does not name: tomorrow's, or a provider's own. */
export const otherField: FieldRow = row(on("platform-key", drop("it may change the price"), passed), {
  google: drop("the endpoint refuses unknown fields"),
  bedrock: drop("except guardrailConfig, performanceConfig, requestMetadata and serviceTier, which pass with your key"),
});

const marks = forAll(dropped, {
  anthropic: passed,
  openrouter: passed,
  bedrock: translate("a cache point, for Claude and Nova"),
});
const customTools = forAll(refuse("only OpenAI supports custom tools"), {
  openai: onResponses(translate("the Responses API's format"), passed),
});
const foreignThoughts = drop("without a warning: they belong to another provider");

/** Parts of messages, tools and formats, by a name that the documentation shows. */
export const partTable = {
  "messages[].role: developer": row(passed, {
    anthropic: translate("the system prompt"),
    google: translate("system"),
    "x-ai": translate("system"),
    minimax: translate("system; several are merged"),
    custom: translate("system"),
  }),
  "messages[].name": row(passed, {
    openai: onResponses(dropped, passed),
    anthropic: drop("without a warning"),
    google: dropped,
  }),
  "messages[].cache_control": marks,
  "messages[].content[].cache_control": marks,
  "messages[].content[]: image_url, https": row(passed, {
    google: translate("fetched by the gateway from public addresses, up to 5 MB"),
  }),
  "messages[].content[]: image_url, data:": row(passed, {
    openai: onResponses(translate("input_image"), passed),
    anthropic: translate("an image block"),
  }),
  "messages[].content[].image_url.detail": row(passed, { anthropic: drop("without a warning"), google: dropped }),
  "messages[].content[]: input_audio": row(passed, {
    openai: onResponses(refuse("not supported by the Responses API"), passed),
    anthropic: refuse("Claude models do not accept audio."),
    "x-ai": refuse("Grok models do not accept audio."),
    minimax: refuse("MiniMax models do not accept audio."),
  }),
  "messages[].content[]: file": row(passed, {
    openai: onResponses(translate("input_file"), passed),
    anthropic: translate("a document block; PDF and plain text as data"),
    google: refuse("Gemini does not accept files on this endpoint."),
    "x-ai": refuse("Grok models do not accept files on this endpoint."),
    minimax: refuse("MiniMax models do not accept files."),
  }),
  "messages[].tool_calls[]: custom": customTools,
  "messages[].content[]: image_url, of a tool": row(translate("in a user message after the results"), {
    openai: translate("input_image: such requests are called over the Responses API"),
    anthropic: translate("an image block in the tool result"),
    openrouter: passed,
  }),
  "messages[].tool_calls[].id": row(passed, {
    openai: clamp("to 40 characters, the same for call and result"),
    anthropic: pass("call_toolu_ ids regain their original form"),
  }),
  "messages[].tool_calls[].extra_content": forAll(foreignThoughts, {
    google: pass("thought signatures; Google's sentinel replaces missing ones"),
  }),
  "messages[].thinking_blocks": forAll(foreignThoughts, {
    anthropic: passed,
    bedrock: translate("reasoningContent, for Claude"),
  }),
  "messages[].reasoning_details": forAll(foreignThoughts, {
    openai: onResponses(translate("encrypted reasoning of the Responses API"), foreignThoughts),
    openrouter: passed,
    minimax: passed,
  }),
  "messages[].reasoning_content": row(foreignThoughts, {
    minimax: passed,
    custom: pass("except at Mistral, which refuses it"),
  }),
  "tools[]: custom": customTools,
  "tool_choice: custom": customTools,
  "tool_choice: allowed_tools": forAll(
    clamp("only the allowed tools are sent, and the mode becomes the choice; a warning reports omitted tools"),
    { openai: onResponses(translate("the Responses API's format"), passed) },
  ),
  "tools[].cache_control": marks,
  "tools[].function.strict": forAll(pass("the gateway also validates calls against their schema"), {
    openai: passed,
    anthropic: pass("dropped for models before Claude 4.5; the gateway also validates calls against their schema"),
    google: drop("the gateway validates calls against their schema"),
    minimax: drop("the gateway validates calls against their schema"),
  }),
  "tools[].function.parameters": forAll(pass("older drafts of JSON Schema in the form of 2020-12"), {
    anthropic: pass("in the form of draft 2020-12; a choice at the root becomes words in the tool's description"),
    google: clamp("$ref is inlined; additionalProperties, $schema and other unknown keywords are dropped"),
  }),
} as const satisfies Readonly<Record<string, FieldRow>>;

export type PartName = keyof typeof partTable;

/** Values that ask for nothing but the default: dropping or refusing them deserves no word. */
export const neutralValues: Readonly<Partial<Record<FieldName, readonly unknown[]>>> = {
  temperature: [1],
  top_p: [1],
  n: [1],
  frequency_penalty: [0],
  presence_penalty: [0],
  top_logprobs: [0],
  tool_choice: ["none", "auto"],
  parallel_tool_calls: [true],
  service_tier: ["auto", "default"],
  modalities: [["text"]],
  response_format: [{ type: "text" }],
};
