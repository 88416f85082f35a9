import { useSignal } from "@preact/signals";
import { listModels, type Model, type ModelPrices } from "../../api/models.ts";
import { formatCount, formatDate, plural } from "../../format.ts";
import { root } from "../../root.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { Table } from "../../ui/table.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { Comparison } from "./comparison.tsx";
import { abilitiesOf, count, price } from "./facts.ts";
import { anyModel, Filter, type ModelFilter, matches } from "./filter.tsx";

const columns = ["Model", "Input", "Output", "Context", "Provider", "Max output", "Cached", "Can"];

const pricesText = ({ input, output }: ModelPrices): string => `${price(input)} in, ${price(output)} out`;

/** Prices beyond the list's own: of long requests, and announced ones. */
const stepsOf = ({ pricing, later_pricing: later = [] }: Model): readonly string[] => {
  const long = pricing?.long_context ?? undefined;
  return [
    ...(long === undefined ? [] : [`Above ${formatCount(long.above_input_tokens)} input tokens: ${pricesText(long)}`]),
    ...later.map((step) => `From ${formatDate(step.from)}: ${pricesText(step)}`),
  ];
};

interface NameProps {
  readonly model: Model;
  readonly compared: boolean;
  readonly onCompare: (compared: boolean) => void;
}

const Name = ({ model, compared, onCompare }: NameProps) => (
  <>
    <span class="model-id">
      <input
        type="checkbox"
        checked={compared}
        aria-label={`Compare ${model.id}`}
        onChange={(event) => onCompare(event.currentTarget.checked)}
      />
      <code>{model.id}</code>
      <CopyButton small kind="quiet" text={model.id}>
        Copy id
      </CopyButton>
      <Link to="playground" class="button quiet small" query={new URLSearchParams({ model: model.id })}>
        Try
      </Link>
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
    {stepsOf(model).map((step) => (
      <span key={step} class="hint">
        {step}
      </span>
    ))}
    {model.deprecation === undefined ? null : (
      <span class="field-fault">
        Ends on {formatDate(model.deprecation.shut_down_on)}. Use {model.deprecation.successor}.
      </span>
    )}
  </>
);

type Compare = Omit<NameProps, "model">;

const toRow = (model: Model, compare: Compare) => {
  const { id, owned_by: owner, context_window: context, max_output_tokens: most, pricing } = model;
  const can = abilitiesOf(model);
  return {
    key: id,
    cells: [
      <Name key={id} model={model} {...compare} />,
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
  const filter = useSignal<ModelFilter>(anyModel);
  const compared = useSignal<readonly string[]>([]);
  const found = models.filter((model) => matches(model, filter.value));
  const compareOf = ({ id }: Model): Compare => ({
    compared: compared.value.includes(id),
    onCompare: (on) => {
      const others = compared.value.filter((other) => other !== id);
      compared.value = on ? [...others, id] : others;
    },
  });
  return (
    <>
      <Filter models={models} filter={filter} />
      <Comparison
        models={models.filter(({ id }) => compared.value.includes(id))}
        onEnd={() => {
          compared.value = [];
        }}
      />
      <p class="hint" role="status">
        {plural(found.length, "model")}
      </p>
      {found.length === 0 ? (
        <Empty title="No matching models">Search for fewer words, or choose less of them.</Empty>
      ) : (
        <div class="models">
          <Table caption="Models" columns={columns} rows={found.map((model) => toRow(model, compareOf(model)))} />
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
        Every model that can be called, with list prices in USD for a million tokens.{" "}
        <a href={`${root}docs/models`}>The same list</a> is open to everyone.
      </PageHeader>
      <ErrorNotice error={models.error.value} onRetry={models.reload} />
      {list === undefined && models.error.value === undefined ? <Skeleton rows={5} label="Loading the models" /> : null}
      {list === undefined ? null : <List models={list} />}
    </>
  );
};
