import { useSignal } from "@preact/signals";
import type { KeyFields, KeyLimits } from "../../api/keys.ts";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { useAction } from "../../ui/use-action.ts";
import { expiryOptions, toDateInput, toExpiresAt, tomorrow } from "./expiry.ts";
import { LimitFields, limitsOf, useLimitSignals } from "./limit-fields.tsx";

interface KeyFormProps {
  readonly submit: string;
  /** What the key has now; nothing for a new one. */
  readonly initial?: Partial<KeyLimits> & {
    readonly name: string;
    readonly rateLimit: number;
    readonly expiresAt: string | number | null;
    readonly alertWebhookUrl?: string | null;
  };
  readonly onSubmit: (fields: KeyFields) => Promise<void>;
  readonly onCancel: () => void;
}

const keepOption = { value: "keep", label: "Keep the current date" };

/** Name, limits and expiry. Length: markup of one form. `expiresAt` is left out where it is not to change. */
export const KeyForm = ({ submit, initial, onSubmit, onCancel }: KeyFormProps) => {
  const expires = initial?.expiresAt ?? null;
  const name = useSignal(initial?.name ?? "");
  const rateLimit = useSignal(String(initial?.rateLimit ?? 60));
  const expiry = useSignal(expires === null ? "never" : "keep");
  const date = useSignal(expires === null ? tomorrow() : toDateInput(new Date(expires)));
  const limits = useLimitSignals(initial);
  const action = useAction(async () => {
    const fields = { name: name.value.trim(), rateLimit: Number(rateLimit.value), ...limitsOf(limits) };
    const unchanged = expiry.value === "keep" || (expiry.value === "never" && expires === null);
    await onSubmit(unchanged ? fields : { ...fields, expiresAt: toExpiresAt(expiry.value, date.value) });
  });
  return (
    <Form action={action} submit={submit} onCancel={onCancel}>
      <TextField
        label="Name"
        value={name}
        required
        maxLength={100}
        pattern=".*\S.*"
        autocomplete="off"
        autofocus
        placeholder="Production server"
        hint="Visible only to you. Describe where the key is used."
      />
      <TextField
        label="Rate limit (requests per minute)"
        value={rateLimit}
        type="number"
        required
        min={1}
        max={10_000}
        step={1}
        hint="From 1 to 10,000. Endpoint limits apply as well."
      />
      <LimitFields {...limits} />
      <SelectField
        label="Expires"
        value={expiry}
        options={expires === null ? expiryOptions : [keepOption, ...expiryOptions]}
      />
      {expiry.value === "date" ? (
        <TextField
          label="Last day"
          value={date}
          type="date"
          required
          min={toDateInput(new Date())}
          hint="The key expires at the end of this day."
        />
      ) : null}
    </Form>
  );
};
