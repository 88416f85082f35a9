import { useSignal } from "@preact/signals";
import { addProviderKey, providerName, providers } from "../../api/provider-keys.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { useAction } from "../../ui/use-action.ts";

interface AddDialogProps {
  /** Slugs that are taken. */
  readonly taken: readonly string[];
  readonly onAdded: (displayName: string) => void;
  readonly onClose: () => void;
}

const options = providers.map(({ id, name }) => ({ value: id, label: name }));

/** `openai`, or the first of `openai-2`, `openai-3`, … that is free. */
const freeSlug = (provider: string, taken: readonly string[]): string => {
  if (!taken.includes(provider)) return provider;
  let number = 2;
  while (taken.includes(`${provider}-${number}`)) number += 1;
  return `${provider}-${number}`;
};

/** Adds a provider key. Length: markup of one form. */
export const AddDialog = ({ taken, onAdded, onClose }: AddDialogProps) => {
  const provider = useSignal<string>(providers[0].id);
  const slug = useSignal(freeSlug(provider.value, taken));
  const displayName = useSignal("");
  const apiKey = useSignal("");
  const suggested = useSignal(slug.value);
  const followProvider = (): void => {
    if (slug.value !== suggested.value) return;
    suggested.value = freeSlug(provider.value, taken);
    slug.value = suggested.value;
  };
  const action = useAction(async () => {
    const name = displayName.value.trim() || providerName(provider.value);
    await addProviderKey({
      provider: provider.value,
      slug: slug.value,
      displayName: name,
      apiKey: apiKey.value.trim(),
    });
    onAdded(name);
  });
  return (
    <Dialog title="Add a provider key" onClose={onClose}>
      <Form action={action} submit="Add key" onCancel={onClose}>
        <SelectField label="Provider" value={provider} options={options} onCommit={followProvider} />
        <TextField
          label="Key"
          value={apiKey}
          type="password"
          required
          maxLength={4_000}
          autocomplete="off"
          mono
          hint="Encrypted at rest. It cannot be displayed again."
        />
        <TextField
          label="Display name (optional)"
          value={displayName}
          maxLength={100}
          autocomplete="off"
          placeholder={providerName(provider.value)}
        />
        <TextField
          label="Slug"
          value={slug}
          required
          maxLength={64}
          pattern="[a-z0-9\-]{1,64}"
          autocomplete="off"
          mono
          hint={
            <>
              Lower-case letters, digits and hyphens. Requests choose this key with{" "}
              <code>X-Provider-Key: {slug.value}</code>
            </>
          }
        />
      </Form>
    </Dialog>
  );
};
