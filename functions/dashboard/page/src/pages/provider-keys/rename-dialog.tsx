import { useSignal } from "@preact/signals";
import type { ProviderKey } from "../../api/provider-keys.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { useAction } from "../../ui/use-action.ts";

interface RenameDialogProps {
  readonly providerKey: ProviderKey;
  readonly onRename: (displayName: string) => Promise<void>;
  readonly onClose: () => void;
}

export const RenameDialog = ({ providerKey, onRename, onClose }: RenameDialogProps) => {
  const displayName = useSignal(providerKey.displayName);
  const action = useAction(() => onRename(displayName.value.trim()));
  return (
    <Dialog title="Rename provider key" onClose={onClose}>
      <Form action={action} submit="Rename" onCancel={onClose}>
        <TextField
          label="Display name"
          value={displayName}
          required
          pattern=".*\S.*"
          maxLength={100}
          autocomplete="off"
          hint="The slug, which requests name, stays."
        />
      </Form>
    </Dialog>
  );
};
