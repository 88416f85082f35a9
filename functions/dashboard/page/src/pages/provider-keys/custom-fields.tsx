import { authHeaders } from "../../api/custom-presets.ts";
import { Button } from "../../ui/button.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { type AccessFields, type ModelFields, newModel } from "./access-fields.ts";
import type { Target } from "./targets.ts";

const protocols = [
  { value: "openai", label: "OpenAI's Chat Completions" },
  { value: "anthropic", label: "Anthropic's Messages" },
];
const headers = authHeaders.map((value) => ({
  value,
  label: value === "authorization" ? "Authorization: Bearer …" : `${value}: …`,
}));
/** As many as the API takes. */
const maxModels = 20;

interface ModelRowProps {
  readonly model: ModelFields;
  readonly onRemove: () => void;
}

const ModelRow = ({ model: { id, input, output, contextWindow }, onRemove }: ModelRowProps) => {
  const isPriced = input.value.trim() !== "" || output.value.trim() !== "";
  return (
    <fieldset class="model-fields">
      <legend class="visually-hidden">Model {id.value}</legend>
      <TextField
        label="Model"
        value={id}
        required
        mono
        autocomplete="off"
        pattern="[\w.:@\/+\-]{1,160}"
        placeholder="llama-3.3-70b"
      />
      <TextField label="Input, USD" value={input} type="number" min={0} max={10_000} step="any" required={isPriced} />
      <TextField label="Output, USD" value={output} type="number" min={0} max={10_000} step="any" required={isPriced} />
      <TextField label="Context" value={contextWindow} type="number" min={1} max={100_000_000} step={1} />
      <Button small kind="quiet" icon="trash" label={`Leave out ${id.value || "this model"}`} onClick={onRemove}>
        Leave out
      </Button>
    </fieldset>
  );
};

const Models = ({ fields: { models } }: { readonly fields: AccessFields }) => (
  <details class="options">
    <summary>Describe models (optional)</summary>
    <div class="options-fields">
      <p class="hint">
        Every model of the server can be called. Prices, in USD for a million tokens, show what it costs; a context, in
        tokens, keeps fallbacks to larger models.
      </p>
      {models.value.map((model) => (
        <ModelRow
          key={model.row}
          model={model}
          onRemove={() => {
            models.value = models.value.filter((other) => other !== model);
          }}
        />
      ))}
      {models.value.length >= maxModels ? null : (
        <div>
          <Button
            small
            icon="plus"
            onClick={() => {
              models.value = [...models.value, newModel()];
            }}
          >
            Add a model
          </Button>
        </div>
      )}
    </div>
  </details>
);

interface CustomFieldsProps {
  readonly target: Target;
  readonly fields: AccessFields;
}

/** Where and how a server is asked. A known one needs nothing but its address, if that. */
export const CustomFields = ({ target: { preset }, fields }: CustomFieldsProps) => (
  <>
    <TextField
      label="Base URL"
      value={fields.baseUrl}
      required
      mono
      autocomplete="off"
      maxLength={500}
      pattern="https?:\/\/.+"
      placeholder={preset?.example ?? preset?.baseUrl ?? "https://llm.example.com/v1"}
      hint="As in the vendor's SDK: OpenAI's protocol usually ends in /v1. Public and https, unless the operator lists the host."
    />
    <details class="options" open={preset === undefined}>
      <summary>How it is asked</summary>
      <div class="options-fields">
        <SelectField
          label="Protocol"
          value={fields.protocol}
          options={protocols}
          onCommit={() => {
            fields.authHeader.value = fields.protocol.value === "anthropic" ? "x-api-key" : "authorization";
          }}
        />
        <SelectField label="Header of the key" value={fields.authHeader} options={headers} />
        <TextField
          label="API version (optional)"
          value={fields.apiVersion}
          mono
          autocomplete="off"
          pattern="[\w.\-]{1,40}"
          placeholder="2024-10-21"
          hint="The query parameter api-version of Azure's older endpoints."
        />
      </div>
    </details>
    <Models fields={fields} />
  </>
);
