import { useSignal } from "@preact/signals";
import { useState } from "preact/hooks";
import { type GuardrailType, guardrailActions, type PresetSettings } from "../../api/preset-settings.ts";
import type { Preset } from "../../api/presets.ts";
import { SelectField, TextAreaField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { useAction } from "../../ui/use-action.ts";
import { type PresetFields, readParameters, type Side, sides, toFields, toSettings } from "./preset-fields.ts";

const sideNames: Readonly<Record<Side, string>> = { input: "requests", output: "answers" };
const guardrailNames: Readonly<Record<GuardrailType, string>> = {
  pii: "Personal data",
  content_moderation: "Moderation",
};
const actionOptions = [
  { value: "", label: "Off" },
  ...guardrailActions.map((value) => ({ value, label: `${value.slice(0, 1).toUpperCase()}${value.slice(1)}` })),
];
const sortOptions = [
  { value: "", label: "As the gateway does" },
  { value: "price", label: "Lowest price" },
  { value: "latency", label: "Lowest latency" },
  { value: "throughput", label: "Highest throughput" },
];
const fallbackOptions = [
  { value: "", label: "Allowed" },
  { value: "false", label: "Only the first provider" },
];

const Guardrails = ({ fields: { guardrails } }: { readonly fields: PresetFields }) => (
  <details class="options">
    <summary>Guardrails</summary>
    <div class="field-grid">
      {sides.map((side) =>
        (["pii", "content_moderation"] as const).map((type) => (
          <SelectField
            key={`${side}/${type}`}
            label={`${guardrailNames[type]} in ${sideNames[side]}`}
            value={guardrails[side][type]}
            options={actionOptions}
          />
        )),
      )}
    </div>
  </details>
);

const Providers = ({ fields }: { readonly fields: PresetFields }) => (
  <details class="options">
    <summary>Provider preferences</summary>
    <div class="options-fields">
      <p class="hint">For models that several providers serve. Names as in the models' list, separated by commas.</p>
      <TextField
        label="First in this order"
        value={fields.order}
        mono
        autocomplete="off"
        placeholder="anthropic, bedrock"
      />
      <div class="field-grid">
        <TextField label="Only these" value={fields.only} mono autocomplete="off" />
        <TextField label="Never these" value={fields.ignore} mono autocomplete="off" />
        <SelectField label="Sort by" value={fields.sort} options={sortOptions} />
        <SelectField label="Other providers" value={fields.allowFallbacks} options={fallbackOptions} />
        <TextField label="Highest input price" value={fields.maxPrompt} type="number" min={0} step="any" />
        <TextField label="Highest output price" value={fields.maxCompletion} type="number" min={0} step="any" />
      </div>
      <p class="hint">Prices in USD for a million tokens.</p>
    </div>
  </details>
);

interface PresetFormProps {
  /** What is changed; undefined for a new one. */
  readonly preset: Preset | undefined;
  /** Names of models to choose from; any other can be typed. */
  readonly models: readonly string[];
  readonly onSave: (name: string, settings: PresetSettings) => Promise<void>;
  readonly onCancel: () => void;
}

/** The settings of a preset. Length: markup of one form. */
export const PresetForm = ({ preset, models, onSave, onCancel }: PresetFormProps) => {
  const [fields] = useState(() => toFields(preset?.settings));
  const name = useSignal(preset?.name ?? "");
  const action = useAction(() => onSave(name.value.trim(), toSettings(fields)));
  const parameters = readParameters(fields.parameters.value);
  return (
    <Form action={action} submit={preset === undefined ? "Create preset" : "Save changes"} onCancel={onCancel}>
      {preset === undefined ? (
        <TextField
          label="Name"
          value={name}
          required
          mono
          maxLength={64}
          pattern="[a-z0-9][a-z0-9\-]{0,63}"
          autocomplete="off"
          placeholder="support"
          hint={
            <>
              Lower-case letters, digits and hyphens. Requests name it as their model:{" "}
              <code>@preset/{name.value || "support"}</code>
            </>
          }
        />
      ) : null}
      <TextField
        label="Model"
        value={fields.model}
        required
        mono
        maxLength={200}
        autocomplete="off"
        placeholder="claude-sonnet-5"
        suggestions={models}
        hint="A model, an alias, auto, a council, or a custom provider's model."
      />
      <TextAreaField
        label="Fallbacks (optional)"
        value={fields.fallback}
        rows={2}
        placeholder="gpt"
        hint="One model a line, tried in this order."
      />
      <Guardrails fields={fields} />
      <Providers fields={fields} />
      <TextAreaField
        label="Parameters (optional)"
        value={fields.parameters}
        rows={4}
        mono
        placeholder={'{ "temperature": 0.2, "max_tokens": 2000 }'}
        fault={"fault" in parameters ? parameters.fault : undefined}
        hint="JSON. What a request says itself counts more."
      />
    </Form>
  );
};
