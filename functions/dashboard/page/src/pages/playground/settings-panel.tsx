import { useSignal } from "@preact/signals";
import { listModels, type Model } from "../../api/models.ts";
import { type OptionGroup, SelectField, TextAreaField, TextField } from "../../ui/fields.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { playgroundKey } from "./playground-key.ts";
import { otherModel, settings } from "./settings.ts";

const groupsOf = (models: readonly Model[]): readonly OptionGroup[] => {
  const aliases = models.flatMap(({ name, aliases: names }) =>
    names.map((alias) => ({ value: alias, label: `${alias} → ${name}` })),
  );
  const owners = [...new Set(models.map((model) => model.owned_by))];
  return [
    ...(aliases.length === 0 ? [] : [{ label: "Aliases", options: aliases }]),
    ...owners.map((owner) => ({
      label: owner,
      options: models.filter((model) => model.owned_by === owner).map(({ id }) => ({ value: id, label: id })),
    })),
    { label: "Another", options: [{ value: otherModel, label: "Model id of your own…" }] },
  ];
};

/** Until the key is there, and with it the list of models. */
const unlisted: readonly OptionGroup[] = [
  { label: "Aliases", options: ["gpt", "claude", "gemini"].map((alias) => ({ value: alias, label: alias })) },
  { label: "Another", options: [{ value: otherModel, label: "Model id of your own…" }] },
];

/** On a narrow screen the conversation must not begin a screen further down. */
const roomy = matchMedia("(min-width: 64rem)").matches;

const isKey = (text: string): boolean => /^ck_\w{8,}$/.test(text);

export const SettingsPanel = () => {
  const draft = useSignal(playgroundKey.value);
  const key = playgroundKey.value;
  const models = useResource((signal) => (isKey(key) ? listModels(key, signal) : Promise.resolve(undefined)), key);
  const listed = models.data.value;
  const groups = listed === undefined ? unlisted : groupsOf(listed);
  return (
    <section class="card settings" aria-label="Settings">
      <TextField
        label="API key"
        value={draft}
        type="password"
        autocomplete="off"
        placeholder="ck_…"
        mono
        hint="Stays in this tab's memory and is gone when you reload."
        onCommit={() => {
          playgroundKey.value = draft.value.trim();
        }}
      />
      {key !== "" && !isKey(key) ? <p class="field-fault">A key starts with ck_.</p> : null}
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
