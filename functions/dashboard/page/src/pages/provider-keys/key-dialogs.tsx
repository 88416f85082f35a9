import type { BedrockTrust, ProviderKey } from "../../api/provider-keys.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { AddDialog } from "./add-dialog.tsx";
import { RenameDialog } from "./rename-dialog.tsx";
import type { Target } from "./targets.ts";

export type OpenDialog =
  | { readonly kind: "add"; readonly target: Target }
  | { readonly kind: "rename"; readonly providerKey: ProviderKey }
  | { readonly kind: "remove"; readonly providerKey: ProviderKey };

interface KeyDialogsProps {
  readonly open: OpenDialog;
  readonly taken: readonly string[];
  readonly trust: BedrockTrust | undefined;
  readonly onAdded: (added: ProviderKey, works: boolean) => void;
  readonly onRename: (providerKey: ProviderKey, displayName: string) => Promise<void>;
  readonly onRemove: (providerKey: ProviderKey) => Promise<void>;
  readonly onClose: () => void;
}

export const KeyDialogs = ({ open, taken, trust, onAdded, onRename, onRemove, onClose }: KeyDialogsProps) => {
  if (open.kind === "add") {
    return <AddDialog target={open.target} taken={taken} trust={trust} onAdded={onAdded} onClose={onClose} />;
  }
  const { providerKey } = open;
  if (open.kind === "rename") {
    return (
      <RenameDialog providerKey={providerKey} onRename={(name) => onRename(providerKey, name)} onClose={onClose} />
    );
  }
  return (
    <ConfirmDialog
      title="Remove provider key"
      confirm="Remove key"
      onClose={onClose}
      onConfirm={() => onRemove(providerKey)}
    >
      <p class="wrap">
        No later request uses <strong>{providerKey.displayName}</strong>
        {providerKey.last4 === "" ? "" : ` (••••${providerKey.last4})`}. Requests that name it by{" "}
        <code>{providerKey.slug}</code> will fail
        {providerKey.custom === undefined ? "; others use another key of yours, or the platform's." : "."}
      </p>
    </ConfirmDialog>
  );
};
