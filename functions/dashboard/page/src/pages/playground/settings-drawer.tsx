import { Dialog } from "../../ui/dialog.tsx";
import { TextAreaField, TextField } from "../../ui/fields.tsx";
import { KeyField } from "./key-field.tsx";
import { settings } from "./settings.ts";
import { readTools } from "./tool-calls.ts";

const exampleTools = '[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]';

/** System prompt, tools, parameters and who pays. Length: markup of one form. */
export const SettingsDrawer = ({ onClose }: { onClose: () => void }) => {
  const { problem } = readTools(settings.tools.value);
  return (
    <Dialog title="Settings" shape="side" onClose={onClose}>
      <div class="form">
        <TextAreaField label="System prompt" value={settings.system} rows={5} placeholder="None" />
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
            label="Top P"
            value={settings.topP}
            type="number"
            min={0}
            max={1}
            step={0.05}
            placeholder="Default"
          />
        </div>
        <TextField label="Max tokens" value={settings.maxTokens} type="number" min={1} step={1} placeholder="Default" />
        <TextAreaField
          label="Tools"
          value={settings.tools}
          rows={6}
          placeholder={exampleTools}
          hint="A JSON array, as in the API. You answer the calls: nothing is run here."
        />
        {problem === undefined ? null : <p class="field-fault">{problem}</p>}
        <KeyField />
      </div>
    </Dialog>
  );
};
