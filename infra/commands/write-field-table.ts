import { writeFile } from "node:fs/promises";
import { chatProviderIds } from "#core/catalog/provider-ids.ts";
import {
  conditions,
  type FieldCase,
  type FieldRow,
  fieldTable,
  otherField,
  partTable,
} from "#core/providers/field-table.ts";

/** `npm run operator -- write-fields`: writes docs/reference/fields.md from the field table. A test fails when they differ. */

const target = new URL("../../docs/reference/fields.md", import.meta.url);

const intro = `# Fields by provider

Generated from core/providers/field-table.ts by \`npm run operator -- write-fields\`. Tests send every field to every provider and
compare the received request with this table.

- **passed**: sent unchanged
- **translated**: sent in the provider's format with the same meaning
- **clamped**: sent with the nearest value that the model supports; \`X-Warnings\` names the field if its value changed
- **dropped**: not sent; \`X-Warnings\` names the field unless its value equals the default behaviour
- **refused**: a 400 with the field in \`param\`, before any provider is called

The first matching case applies. The gateway's fields (fallback, retries, timeout, load_balance, guardrails, prompt_id,
prompt_version, prompt_variables) are never sent to a provider.

## Thought signatures and thinking across turns

- Gemini attaches a thought signature to each tool call, in \`extra_content.google.thought_signature\`. Send the call back with it,
  as OpenAI's SDKs do when you append the message you received. If a client lost the signature, or another provider made the call,
  the gateway sends Google's documented sentinel \`skip_thought_signature_validator\`: the turn is accepted, at some cost in quality.
- Claude's thinking is in \`thinking_blocks\`, OpenRouter's and MiniMax's in \`reasoning_details\`, and encrypted reasoning from
  OpenAI's Responses API in \`reasoning_details\` with the format \`openai-responses-v1\`. Send them back unchanged; the gateway sends
  each only to the provider that produced it.

## When the Responses API is used

The gateway calls OpenAI's Responses API for models available only there (codex, the pro and deep-research models), for tools on
gpt-6-astra, and for tools with an explicit reasoning_effort on GPT-5.4 to 5.6 and gpt-6-sol, which Chat Completions refuses. The answer
is translated back, streamed or buffered. OpenAI stores nothing unless \`store\` is true.

## Custom and allowed tools

- Tools of type \`custom\` take text instead of JSON, optionally constrained by a grammar. Only OpenAI supports them and their calls.
  Elsewhere they are \`tool_unsupported_for_model\` with the tool or call in \`param\`, or the gateway tries the request's next target.
  A custom tool that \`allowed_tools\` excludes is not sent, so it is not refused.
- \`tool_choice\` of type \`allowed_tools\` keeps the tool list constant across turns, so that a prompt cache stays valid, and restricts
  which tools may be called. Other providers' APIs do not support it, so the gateway sends only the allowed tools there. The model can
  call the same tools, but a cached prompt with the full list is read again, so \`X-Warnings\` names \`tool_choice.allowed_tools\`.

## Strict tools

OpenAI enforces the schema of a tool with \`strict: true\`; for every other provider the gateway does. A call whose arguments violate the
schema is an unusable answer. The gateway requests it again within the request's \`retries\` and fallbacks, then reports the error
\`tool_call_invalid_arguments\` with the path of the invalid value. On a stream, calls of strict tools are held back until their choice
ends and are then sent in one delta each; text, reasoning and calls of other tools stream meanwhile. Once content has been sent, an
invalid call is not requested again, and the stream reports the error. An answer that ends with \`length\` or \`content_filter\` is not
validated, because its calls may be truncated. \`pattern\` and \`format\` are not validated. Every generation is metered, including those
that no caller received.
`;

const cell = (text: string): string => text.replaceAll("|", "\\|");

const caseText = ({ treatment, when, note }: FieldCase): string => {
  const where = when === undefined ? "" : `${when.map((condition) => conditions[condition]).join(" and ")}: `;
  return `${where}${treatment}${note === undefined ? "" : ` (${note})`}`;
};

const rowText = (name: string, row: FieldRow): string =>
  `| ${[name, ...chatProviderIds.map((id) => row[id].map(caseText).join("; else "))].map(cell).join(" | ")} |`;

const tableText = (title: string, first: string, rows: readonly (readonly [string, FieldRow])[]): string =>
  [
    `## ${title}`,
    "",
    `| ${[first, ...chatProviderIds].join(" | ")} |`,
    `|${"---|".repeat(chatProviderIds.length + 1)}`,
    ...rows.map(([name, row]) => rowText(name, row)),
    "",
  ].join("\n");

/** The page as it should be. */
export const fieldTableMarkdown = (): string =>
  [
    intro,
    tableText("Top-level fields", "Field", [...Object.entries(fieldTable), ["(any other)", otherField]]),
    tableText("Parts of messages and tools", "Part", Object.entries(partTable)),
  ].join("\n");

if (import.meta.main) await writeFile(target, fieldTableMarkdown());
