import { useSignal } from "@preact/signals";
import type { ApiKey } from "../../api/keys.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { useAction } from "../../ui/use-action.ts";

const graceOptions = [
  { value: "0", label: "At once" },
  { value: "3600", label: "After 1 hour" },
  { value: "86400", label: "After 24 hours" },
  { value: "604800", label: "After 7 days" },
];

interface RotateDialogProps {
  readonly apiKey: ApiKey;
  readonly onRotate: (gracePeriodSeconds: number) => Promise<void>;
  readonly onClose: () => void;
}

/** Asks how long the old key goes on working beside the new one. */
export const RotateDialog = ({ apiKey, onRotate, onClose }: RotateDialogProps) => {
  const grace = useSignal("86400");
  const action = useAction(() => onRotate(Number(grace.value)));
  return (
    <Dialog title="Rotate key" onClose={onClose}>
      <Form action={action} submit="Rotate key" onCancel={onClose}>
        <p class="wrap">
          <strong>{apiKey.name}</strong> gets a new key with the same name, limit and history.
        </p>
        <SelectField
          label="Old key expires"
          value={grace}
          options={graceOptions}
          hint="Allow enough time to deploy the new key."
        />
      </Form>
    </Dialog>
  );
};
