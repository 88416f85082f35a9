import { useSignal } from "@preact/signals";
import { listModels, type Model } from "../../api/models.ts";
import { formatCount, formatDate, plural } from "../../format.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { Table } from "../../ui/table.tsx";
import { useResource } from "../../ui/use-resource.ts";

const abilities = { tools: "tools", reasoning: "reasoning", jsonSchema: "JSON schema" } as const;

const abilitiesOf = ({ capabilities = {}, modalities }: Model): string =>
  [
    ...Object.entries(abilities).flatMap(([name, word]) => (capabilities[name] === true ? [word] : [])),
    ...(modalities?.input ?? []).filter((kind) => kind !== "text"),
  ].join(", ");

/** USD for a million tokens, as list prices are written. */
const price = (usd: number | null | undefined): string => (usd === null || usd === undefined ? "–" : `$${usd}`);
const count = (value: number | undefined): string => (value === undefined ? "–" : formatCount(value));

const columns = ["Model", "Input", "Output", "Context", "Provider", "Max output", "Cached", "Can"];

const Name = ({ model }: { model: Model }) => (
  <>
    <span class="model-id">
      <code>{model.id}</code>
      <CopyButton small kind="quiet" text={model.id}>
        Copy id
      </CopyButton>
    </span>
    <span class="hint">{[model.name, ...model.aliases.map((alias) => `alias ${alias}`)].join(" · ")}</span>
    <span class="hint model-more">
      {[
        model.owned_by,
        `${count(model.context_window)} tokens of context, ${count(model.max_output_tokens)} out at most`,
        abilitiesOf(model),
      ]
        .filter((part) => part !== "")
        .join(" · ")}
    </span>
    {model.deprecation === undefined ? null : (
      <span class="field-fault">
        Ends on {formatDate(model.deprecation.shut_down_on)}. Use {model.deprecation.successor}.
      </span>
    )}
  </>
);

const toRow = (model: Model) => {
  const { id, owned_by: owner, context_window: context, max_output_tokens: most, pricing } = model;
  const can = abilitiesOf(model);
  return {
    key: id,
    cells: [
      <Name key={id} model={model} />,
      price(pricing?.input),
      price(pricing?.output),
      count(context),
      owner,
      count(most),
      price(pricing?.cached_input),
      can,
    ],
    // What is not known sorts below zero.
    values: [
      id,
      pricing?.input ?? -1,
      pricing?.output ?? -1,
      context ?? -1,
      owner,
      most ?? -1,
      pricing?.cached_input ?? -1,
      can,
    ],
  };
};

const List = ({ models }: { models: readonly Model[] }) => {
  const search = useSignal("");
  const owner = useSignal("");
  const words = search.value.toLowerCase().split(/\s+/);
  const found = models.filter((model) => {
    const text = [model.id, model.name, model.owned_by, ...model.aliases, abilitiesOf(model)].join(" ").toLowerCase();
    return (owner.value === "" || model.owned_by === owner.value) && words.every((word) => text.includes(word));
  });
  const owners = [...new Set(models.map((model) => model.owned_by))].map((value) => ({ value, label: value }));
  return (
    <>
      <div class="card field-pair">
        <TextField label="Search" value={search} autocomplete="off" placeholder="claude tools" />
        <SelectField label="Provider" value={owner} options={[{ value: "", label: "All" }, ...owners]} />
      </div>
      <p class="hint" role="status">
        {plural(found.length, "model")}
      </p>
      {found.length === 0 ? (
        <Empty title="No matching models">Search for fewer words, or choose all providers.</Empty>
      ) : (
        <div class="models">
          <Table caption="Models" columns={columns} rows={found.map(toRow)} />
        </div>
      )}
    </>
  );
};

/** The catalogue, as the API lists it. */
export const ModelsPage = () => {
  const models = useResource((signal) => listModels("", signal), "");
  const list = models.data.value;
  return (
    <>
      <PageHeader title="Models">
        Every model that can be called, with list prices in USD for a million tokens.
      </PageHeader>
      <ErrorNotice error={models.error.value} onRetry={models.reload} />
      {list === undefined && models.error.value === undefined ? <Skeleton rows={5} label="Loading the models" /> : null}
      {list === undefined ? null : <List models={list} />}
    </>
  );
};
