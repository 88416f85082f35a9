import { type PresetSettings, parameterNames } from "../../api/preset-settings.ts";
import type { Preset } from "../../api/presets.ts";

import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Ago } from "../../ui/time.tsx";

interface PresetRowProps {
  readonly preset: Preset;
  readonly onEdit: () => void;
  readonly onRemove: () => void;
}

const guardrailsText = ({ guardrails }: PresetSettings): string =>
  (["input", "output"] as const)
    .flatMap((side) =>
      (guardrails?.[side] ?? []).map((entry) => {
        const { type, action } = typeof entry === "string" ? { type: entry, action: "block" } : entry;
        return `${side}: ${type === "pii" ? "personal data" : "moderation"}, ${action}`;
      }),
    )
    .join("; ");

const providersText = ({ provider = {} }: PresetSettings): string => {
  const { order, only, ignore, sort, max_price: price, allow_fallbacks: allow } = provider;
  return [
    ...(order === undefined ? [] : [`first ${order.join(", ")}`]),
    ...(only === undefined ? [] : [`only ${only.join(", ")}`]),
    ...(ignore === undefined ? [] : [`never ${ignore.join(", ")}`]),
    ...(sort === undefined ? [] : [`by ${sort}`]),
    ...(price === undefined ? [] : ["up to a price"]),
    ...(allow === false ? ["no other"] : []),
  ].join("; ");
};

const parametersText = (settings: PresetSettings): string =>
  parameterNames
    .filter((name) => settings[name] !== undefined && settings[name] !== null)
    .map((name) => `${name} ${String(settings[name])}`)
    .join(", ");

/** What a preset sets, by name; what it leaves out is left out. */
const factsOf = (settings: PresetSettings): readonly (readonly [string, string])[] =>
  [
    ["Fallbacks", (settings.fallback ?? []).join(", ")] as const,
    ["Guardrails", guardrailsText(settings)] as const,
    ["Providers", providersText(settings)] as const,
    ["Parameters", parametersText(settings)] as const,
  ].filter(([, text]) => text !== "");

export const PresetRow = ({ preset: { name, model, settings, updatedAt }, onEdit, onRemove }: PresetRowProps) => (
  <li class="row">
    <div class="row-main">
      <h2 class="row-title">
        <code>{model}</code>
      </h2>
    </div>
    <dl class="facts">
      <div>
        <dt>Model</dt>
        <dd>{settings.model}</dd>
      </div>
      {factsOf(settings).map(([fact, text]) => (
        <div key={fact}>
          <dt>{fact}</dt>
          <dd>{text}</dd>
        </div>
      ))}
      <div>
        <dt>Changed</dt>
        <dd>
          <Ago time={updatedAt} />
        </dd>
      </div>
    </dl>
    <div class="row-actions">
      <CopyButton small kind="quiet" text={model}>
        Copy name
      </CopyButton>
      <Button small kind="quiet" icon="edit" label={`Edit ${name}`} onClick={onEdit}>
        Edit
      </Button>
      <Button small kind="quiet" icon="trash" label={`Delete ${name}`} onClick={onRemove}>
        Delete
      </Button>
    </div>
  </li>
);
