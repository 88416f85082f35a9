import { listModels } from "../../api/models.ts";
import { Button } from "../../ui/button.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { ModelPicker } from "../../ui/model-picker.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { Segments } from "../../ui/segments.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { KeyField } from "../playground/key-field.tsx";
import { isUsable, playgroundKey } from "../playground/playground-key.ts";
import {
  addModel,
  chosen,
  fightMode,
  leastAgents,
  mode,
  models,
  mostAgents,
  names,
  removeModel,
  rounds,
} from "./settings.ts";

const modes = [
  { value: "council", label: "Council" },
  { value: "battle", label: "Battle" },
  { value: "fight", label: "Fight" },
  { value: "multi-instance", label: "Same model" },
] as const;

const modeHints = {
  council: "Models draft blindly. Where they differ, a judge studies the drafts and writes one answer.",
  fight: "Models answer in rounds, see each other's answers, and vote.",
  battle: "Two models side by side, without votes.",
  "multi-instance": "One model answers several times.",
} as const;

const fightModes = [
  { value: "brawl", label: "Brawl" },
  { value: "blind", label: "Blind" },
] as const;

const nameModes = [
  { value: "hidden", label: "Names hidden" },
  { value: "shown", label: "Names shown" },
] as const;

const roundOptions = ["1", "2", "3", "4", "5"].map((value) => ({ value, label: value }));

const Models = () => {
  const key = playgroundKey.value;
  const listed = useResource((signal) => (isUsable(key) ? listModels(key, signal) : Promise.resolve(undefined)), key);
  return (
    <>
      <ErrorNotice error={listed.error.value} onRetry={listed.reload} />
      {chosen().map((model, index) => (
        <div key={model} class="arena-model">
          <ModelPicker label={`Model ${index + 1}`} value={model} models={listed.data.value ?? []} />
          {models.value.length <= leastAgents || mode.value === "battle" ? null : (
            <Button kind="quiet" icon="close" label={`Remove model ${index + 1}`} onClick={() => removeModel(model)}>
              <span class="visually-hidden">Remove</span>
            </Button>
          )}
        </div>
      ))}
      {chosen().length >= mostAgents() ? null : (
        <Button icon="plus" onClick={addModel}>
          Add a model
        </Button>
      )}
    </>
  );
};

const FightOptions = () => (
  <>
    <Segments
      label="What models see"
      value={fightMode.value}
      options={fightModes}
      onChoose={(value) => {
        fightMode.value = value;
      }}
    />
    <p class="hint">
      {fightMode.value === "brawl"
        ? "In turn: each model sees the answers before it."
        : "In parallel: models see each other's answers after the round."}
    </p>
    <SelectField label="Rounds" value={rounds} options={roundOptions} />
  </>
);

/** Blind votes are the honest ones. */
const NameOptions = () => (
  <>
    <Segments
      label="Names"
      value={names.value}
      options={nameModes}
      onChoose={(value) => {
        names.value = value;
      }}
    />
    <p class="hint">
      {names.value === "hidden"
        ? "Names are hidden until you vote for the better answer."
        : "Names are shown at once, and you do not vote."}
    </p>
  </>
);

export const ModeChoice = () => (
  <Segments
    label="Mode"
    value={mode.value}
    options={modes}
    onChoose={(value) => {
      mode.value = value;
    }}
  />
);

/** On a narrow screen the answers must not begin a screen further down. */
const roomy = matchMedia("(min-width: 64rem)").matches;

/** Which models, how they meet, and whose key. */
export const SettingsPanel = () => (
  <section class="card settings" aria-label="Settings">
    <details class="options" open={roomy}>
      <summary>Models and rules</summary>
      <div class="options-fields">
        <p class="hint">{modeHints[mode.value]}</p>
        {mode.value === "fight" ? <FightOptions /> : null}
        {mode.value === "fight" || mode.value === "battle" ? <NameOptions /> : null}
        <Models />
      </div>
    </details>
    <KeyField />
  </section>
);
