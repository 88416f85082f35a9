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

Generated from core/providers/field-table.ts by \`npm run operator -- write-fields\`. Tests send every field to every provider and hold
this table against what arrives.

- **passed**: sent as it came
- **translated**: sent in the provider's own form, with the same meaning
- **clamped**: sent with the nearest value that the model takes; named in \`X-Warnings\` when that changed it
- **dropped**: not sent, and named in \`X-Warnings\` unless its value asks for nothing but the default
- **refused**: a 400 that names the field in \`param\`, before any call

The first case that holds counts. The gateway's own fields (fallback, retries, timeout, load_balance, guardrails, prompt_id,
prompt_version, prompt_variables) are never sent to a provider.

## Thought signatures and thoughts across turns

- Gemini's thought signatures stand on each tool call as \`extra_content.google.thought_signature\`. Send the call back with
  it, as OpenAI's SDKs do when you append the message that they gave you. A client that loses it, or a call that another
  provider made, is sent with Google's documented sentinel \`skip_thought_signature_validator\`: the turn is taken, at some
  cost in quality.
- Claude's thinking stands in \`thinking_blocks\`, OpenRouter's and MiniMax's in \`reasoning_details\`, encrypted reasoning of
  OpenAI's Responses API in \`reasoning_details\` with the format \`openai-responses-v1\`. Send them back unchanged; each goes
  only to the provider that made it.

## When OpenAI is called over the Responses API

For models that it serves only there (codex, the pro and deep-research models), for tools on gpt-6-astra, and for tools
together with a named reasoning_effort on GPT-5.4 to 5.6 and gpt-6-sol, which Chat Completions refuses. The answer is
translated back, streamed or not. Nothing is stored at OpenAI unless \`store\` is true.

## Custom and allowed tools

- Tools of the type \`custom\` take text instead of JSON, free or of a grammar. They and calls of them are OpenAI's own: at
  any other provider they are \`tool_unsupported_for_model\`, with the tool or the call in \`param\`, or the next target's
  turn where the request has one. A custom tool that \`allowed_tools\` leaves out is not sent, so it is not refused.
- \`tool_choice\` of the type \`allowed_tools\` keeps the list of tools the same from turn to turn, so that a prompt cache
  holds, and says which of them may be called. No other provider has it on the API that is called here: only the allowed
  tools are sent there. The model may call the same ones, but what it cached with the whole list is read anew, so
  \`X-Warnings\` names \`tool_choice.allowed_tools\`.

## Strict tools

A tool with \`strict: true\` is OpenAI's to hold to its schema; for every other provider the gateway does. A call whose
arguments break the schema is an answer that cannot be used: it is asked for again within the request's \`retries\` and
fallbacks, and then it is the error \`tool_call_invalid_arguments\`, which names the path that is wrong. On a stream the calls
of strict tools are held back until their choice ends, and leave then, each in one delta; text, reasoning and calls of other
tools flow meanwhile. Once something of these has left, a call that breaks its schema is not asked for again: the error is told
in the stream. An answer that ends with \`length\` or \`content_filter\` is not judged, since its end tells that a call may be
cut. \`pattern\` and \`format\` are not judged either. Each generation is metered, also those that nobody got.
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
