import { type Signal, useSignal } from "@preact/signals";
import type { BudgetPeriod, KeyLimits } from "../../api/keys.ts";
import { SelectField, TextAreaField, TextField } from "../../ui/fields.tsx";
import { parseTags, type Tags, tagsFault, tagsText } from "./tags-text.ts";

/** Budget, allowed models, tokens a minute, recording and tags in the form of a key. An empty field is no limit, no recording, no tags. */

const periodOptions = [
  { value: "day", label: "Each day (UTC)" },
  { value: "week", label: "Each week, from Monday" },
  { value: "month", label: "Each month" },
  { value: "total", label: "In total, never reset" },
];

const payerOptions = [
  { value: "platform", label: "Platform-paid calls only" },
  { value: "all", label: "Calls on my provider keys, too" },
];

export interface LimitSignals {
  readonly usd: Signal<string>;
  readonly period: Signal<string>;
  readonly counts: Signal<string>;
  readonly models: Signal<string>;
  readonly tokens: Signal<string>;
  readonly recordedDays: Signal<string>;
  readonly alerts: Signal<string>;
  readonly tags: Signal<string>;
  /** What the text of the tags was made from. */
  readonly tagsBefore: Tags | null | undefined;
}

type Initial = Partial<KeyLimits & { readonly alertWebhookUrl: string | null }>;

const textOf = (value: number | undefined | null): string =>
  value === undefined || value === null ? "" : String(value);

/** The fields of what a key has now. */
export const useLimitSignals = (initial: Initial | undefined): LimitSignals => ({
  usd: useSignal(textOf(initial?.budget?.usd)),
  period: useSignal<string>(initial?.budget?.period ?? "month"),
  counts: useSignal(initial?.budget?.includeByok === true ? "all" : "platform"),
  models: useSignal((initial?.allowedModels ?? []).join("\n")),
  tokens: useSignal(textOf(initial?.tokensPerMinute)),
  recordedDays: useSignal(textOf(initial?.recordContent?.days)),
  alerts: useSignal(initial?.alertWebhookUrl ?? ""),
  tags: useSignal(tagsText(initial?.tags)),
  tagsBefore: initial?.tags,
});

/** What the fields say. @throws Error for tags that cannot be read */
export const limitsOf = (signals: LimitSignals) => {
  const { usd, period, counts, models, tokens, alerts, recordedDays, tags, tagsBefore } = signals;
  const fault = tagsFault(tags.value, tagsBefore);
  if (fault !== undefined) throw new Error(fault);
  const names = models.value.split(/[\s,]+/).filter((name) => name !== "");
  const budget = { usd: Number(usd.value), period: period.value as BudgetPeriod, includeByok: counts.value === "all" };
  return {
    budget: usd.value.trim() === "" ? null : budget,
    allowedModels: names.length === 0 ? null : names,
    tokensPerMinute: tokens.value.trim() === "" ? null : Number(tokens.value),
    recordContent: recordedDays.value.trim() === "" ? null : { days: Number(recordedDays.value) },
    tags: parseTags(tags.value, tagsBefore),
    alertWebhookUrl: alerts.value.trim() === "" ? null : alerts.value.trim(),
  } satisfies KeyLimits & Initial;
};

/** Length: markup of one form. */
export const LimitFields = ({ usd, period, counts, models, tokens, alerts, recordedDays, ...rest }: LimitSignals) => (
  <>
    <TextField
      label="Budget (USD)"
      value={usd}
      type="number"
      min={0}
      max={1_000_000}
      step="any"
      placeholder="No budget"
      hint="Requests over it are refused."
    />
    {usd.value.trim() === "" ? null : (
      <>
        <SelectField label="Budget period" value={period} options={periodOptions} />
        <SelectField label="What counts" value={counts} options={payerOptions} />
        <TextField
          label="Alert webhook (optional)"
          value={alerts}
          type="url"
          pattern="https://.*"
          placeholder="https://example.com/hook"
          hint="Is called at 50, 80 and 100% of the budget, once a period. Its secret is shown once."
        />
      </>
    )}
    <TextAreaField
      label="Allowed models"
      value={models}
      rows={2}
      placeholder="All models"
      hint="One a line: a model, an alias, or all of a provider, such as anthropic/*."
    />
    <TextField
      label="Tokens per minute"
      value={tokens}
      type="number"
      min={1}
      max={1_000_000_000}
      step={1}
      placeholder="No limit"
    />
    <TextField
      label="Record prompts and answers (days)"
      value={recordedDays}
      type="number"
      min={1}
      max={30}
      step={1}
      placeholder="Not recorded"
      hint="Kept sealed for so many days and shown to you alone, on the page Requests."
    />
    <TextAreaField
      label="Tags"
      value={rest.tags}
      rows={1}
      placeholder="team=search, env=prod"
      hint="Added to each request of the key, unless the request sets a tag of that name. Usage is summed by them."
      fault={tagsFault(rest.tags.value, rest.tagsBefore)}
    />
  </>
);
