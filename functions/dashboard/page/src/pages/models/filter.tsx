import { type Signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { Model } from "../../api/models.ts";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { abilities, abilitiesOf } from "./facts.ts";

export interface ModelFilter {
  readonly search: string;
  readonly owner: string;
  readonly takes: string;
  readonly can: string;
  /** Of a million output tokens, USD; empty for any. */
  readonly maxPrice: string;
  readonly minContext: string;
}

export const anyModel: ModelFilter = { search: "", owner: "", takes: "", can: "", maxPrice: "", minContext: "" };

/** A model without a known price or context passes no bound of it. */
export const matches = (model: Model, filter: ModelFilter): boolean => {
  const { owned_by: owner, pricing, context_window: context, modalities, capabilities = {} } = model;
  const text = [model.id, model.name, owner, ...model.aliases, abilitiesOf(model)].join(" ").toLowerCase();
  return (
    (filter.owner === "" || owner === filter.owner) &&
    (filter.takes === "" || modalities?.input.includes(filter.takes) === true) &&
    (filter.can === "" || capabilities[filter.can] === true) &&
    (filter.maxPrice === "" || (pricing?.output ?? Number.POSITIVE_INFINITY) <= Number(filter.maxPrice)) &&
    (filter.minContext === "" || (context ?? 0) >= Number(filter.minContext)) &&
    filter.search
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word))
  );
};

const any = { value: "", label: "Any" };
const prices = ["1", "5", "15", "30"].map((value) => ({ value, label: `up to $${value}` }));
const contexts = [
  { value: "128000", label: "128,000 or more" },
  { value: "400000", label: "400,000 or more" },
  { value: "1000000", label: "1,000,000 or more" },
];

interface FilterProps {
  readonly models: readonly Model[];
  readonly filter: Signal<ModelFilter>;
}

/** Length: markup of six fields. */
export const Filter = ({ models, filter }: FilterProps) => {
  const search = useSignal("");
  const owner = useSignal("");
  const takes = useSignal("");
  const can = useSignal("");
  const maxPrice = useSignal("");
  const minContext = useSignal("");
  const chosen = useComputed(() => ({
    search: search.value,
    owner: owner.value,
    takes: takes.value,
    can: can.value,
    maxPrice: maxPrice.value,
    minContext: minContext.value,
  }));
  useSignalEffect(() => {
    filter.value = chosen.value;
  });
  const owners = [...new Set(models.map((model) => model.owned_by))].map((value) => ({ value, label: value }));
  const kinds = [...new Set(models.flatMap(({ modalities }) => modalities?.input ?? []))].filter(
    (kind) => kind !== "text",
  );
  return (
    <div class="card model-filter">
      <TextField label="Search" type="search" value={search} autocomplete="off" placeholder="claude tools" />
      <SelectField label="Provider" value={owner} options={[{ value: "", label: "All" }, ...owners]} />
      <SelectField label="Takes" value={takes} options={[any, ...kinds.map((value) => ({ value, label: value }))]} />
      <SelectField
        label="Can"
        value={can}
        options={[any, ...Object.entries(abilities).map(([value, label]) => ({ value, label }))]}
      />
      <SelectField label="Output price" value={maxPrice} options={[any, ...prices]} />
      <SelectField label="Context" value={minContext} options={[any, ...contexts]} />
    </div>
  );
};
