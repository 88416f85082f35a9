/** Published models that the catalogue leaves out on purpose, each kind with its reason. They pass through by `provider/id`. */
const reasons: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/-pro(-|$)/, "Responses API only, and no client asks for it by name"],
  [
    /^openai\/(gpt-(3|4(?!\.1(-mini)?$|o(-mini)?$))|chatgpt|o1|o3-|o4|ada|curie|davinci|babbage|ft:|text-|tts|whisper)/,
    "an older family",
  ],
  [
    /audio|voice|omni|realtime|tts|transcribe|image|search|live|embedding|moderation|computer-use|robotics|customtools|veo|imagen|imagine|music|speech|hailuo/i,
    "not a chat model",
  ],
  [/-latest$|latest-/, "an alias of the vendor's own that changes"],
  [/cyber|codex-(mini|spark|max)|deep-research|oss|mythos|-fast$|-her$/, "for few accounts, or a variant"],
  [/^openai\/gpt-5(\.[123])?-(codex|chat)/, "a variant of a model that is here"],
  [/^openai\/gpt-5\.3$/, "known to one table only"],
  [/^openai\/gpt-\d[^/]*-\d{4}-\d\d-\d\d$/, "a dated form"],
  [
    /^anthropic\/claude-(v?[123]|instant|opus-4-[01]|sonnet-4-0|opus-4$|sonnet-4$|opus-4-2025|sonnet-4-2025|haiku-3|sonnet-3|opus-3)/,
    "an older family",
  ],
  [
    /^google\/(gemini-(1|2\.0|exp|pro|flash|3-)|claude|gemma|learnlm|text|palm|llama|meta|deepseek|qwen|mistral|aqa)|preview-\d/,
    "an older family, or of another vendor",
  ],
  [
    /^google\/gemini-(2\.5|3\.1).*preview(?!$)|^google\/gemini-2\.5-(flash|pro)(-lite)?-preview$|gemini-3\.1-flash-lite-preview/,
    "a preview of a model that is here",
  ],
  [/^x-ai\/grok-(1|2|3|4(-|$)|4\.20|beta|code|vision|build)/, "shut down, or a variant"],
  [/^minimax\/(minimax-|MiniMax-(Text|M1|M2|VL)|abab)/i, "an older family"],
];

/** Why a model is left out, or undefined. */
export const notOffered = (provider: string, id: string): string | undefined =>
  reasons.find(([pattern]) => pattern.test(`${provider}/${id}`))?.[1];
