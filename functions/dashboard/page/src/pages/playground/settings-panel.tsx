import { useEffect } from "preact/hooks";
import { listModels } from "../../api/models.ts";
import { type OptionGroup, SelectField, TextAreaField, TextField } from "../../ui/fields.tsx";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { KeyField } from "./key-field.tsx";
import { modelGroups, unlistedGroup } from "./model-groups.ts";
import { isUsable, playgroundKey } from "./playground-key.ts";
import { listedModels, otherModel, settings } from "./settings.ts";

const anotherModel: OptionGroup = {
  label: "Another",
  options: [{ value: otherModel, label: "Another model id…" }],
};

/** On a narrow screen the conversation must not begin a screen further down. */
const roomy = matchMedia("(min-width: 64rem)").matches;

/** Model, payer and options. Length: markup of one form. */
export const SettingsPanel = () => {
  const key = playgroundKey.value;
  const models = useResource((signal) => (isUsable(key) ? listModels(key, signal) : Promise.resolve(undefined)), key);
  const listed = models.data.value;
  useEffect(() => {
    listedModels.value = listed ?? [];
  }, [listed]);
  const groups = [...(listed === undefined ? [unlistedGroup] : modelGroups(listed)), anotherModel];
  return (
    <section class="card settings" aria-label="Settings">
      <ErrorNotice error={models.error.value} onRetry={models.reload} />
      <SelectField label="Model" value={settings.model} groups={groups} />
      {settings.model.value === otherModel ? (
        <TextField
          label="Model id"
          value={settings.customModel}
          autocomplete="off"
          placeholder="openrouter/deepseek/deepseek-v3.2"
          mono
        />
      ) : null}
      <p class="hint">
        <Link to="models">Compare models and prices</Link>
      </p>
      <KeyField />
      <details class="options" open={roomy}>
        <summary>Options</summary>
        <div class="options-fields">
          <TextAreaField label="System prompt" value={settings.system} rows={3} placeholder="None" />
          <div class="field-pair">
            <TextField
              label="Temperature"
              value={settings.temperature}
              type="number"
              min={0}
              max={2}
              step={0.1}
              placeholder="Default"
            />
            <TextField
              label="Max tokens"
              value={settings.maxTokens}
              type="number"
              min={1}
              step={1}
              placeholder="Default"
            />
          </div>
        </div>
      </details>
    </section>
  );
};
