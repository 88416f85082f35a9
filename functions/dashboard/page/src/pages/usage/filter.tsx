import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ApiKey } from "../../api/keys.ts";
import type { UsageQuery } from "../../api/usage.ts";
import { navigate } from "../../router.ts";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Segments } from "../../ui/segments.tsx";
import { countDays, firstOf, today } from "./days.ts";
import { presets, rangeFault, toQuery } from "./usage-query.ts";

interface FilterProps {
  readonly query: UsageQuery;
  readonly keys: readonly ApiKey[];
}

/** Range and key. Each change goes to the address, and from there to the page. */
export const Filter = ({ query, keys }: FilterProps) => {
  const from = useSignal(query.from);
  const to = useSignal(query.to);
  const keyId = useSignal(query.keyId);
  useEffect(() => {
    from.value = query.from;
    to.value = query.to;
    keyId.value = query.keyId;
  }, [query.from, query.to, query.keyId]);
  const fault = rangeFault(from.value, to.value);
  const apply = (): void => {
    if (rangeFault(from.value, to.value) !== undefined) return;
    navigate("usage", { query: toQuery({ ...query, from: from.value, to: to.value, keyId: keyId.value }) });
  };
  const preset = query.to === today() ? String(countDays(query.from, query.to)) : "";
  const known = keys.map((key) => ({ value: key.keyId, label: `${key.name} (${key.start}…)` }));
  const gone = query.keyId !== "" && !known.some(({ value }) => value === query.keyId);
  return (
    <div class="filter">
      <Segments
        label="Range"
        value={preset}
        options={presets.map(({ days, name }) => ({ value: String(days), label: name }))}
        onChoose={(days) => {
          to.value = today();
          from.value = firstOf(Number(days), to.value);
          apply();
        }}
      />
      <TextField label="From" type="date" value={from} max={today()} onCommit={apply} />
      <TextField label="To" type="date" value={to} max={today()} onCommit={apply} />
      <SelectField
        label="Key"
        value={keyId}
        options={[
          { value: "", label: "All keys" },
          ...known,
          ...(gone ? [{ value: query.keyId, label: `${query.keyId} (not listed)` }] : []),
        ]}
        onCommit={apply}
      />
      <p class="filter-fault" role="status">
        {fault ?? ""}
      </p>
    </div>
  );
};
