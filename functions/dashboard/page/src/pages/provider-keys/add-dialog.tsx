import { useSignal } from "@preact/signals";
import { useState } from "preact/hooks";
import { addProviderKey, type BedrockTrust, type ProviderKey } from "../../api/provider-keys.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { useAction } from "../../ui/use-action.ts";
import { type AccessFields, accessOf, modelsOf, newFields } from "./access-fields.ts";
import { BedrockFields } from "./bedrock-fields.tsx";
import { CustomFields } from "./custom-fields.tsx";
import { KeyField } from "./key-field.tsx";
import { TestNotice, useKeyTest } from "./key-test.tsx";
import { namedTargets, serverTargets, slugFor, type Target, targetOf } from "./targets.ts";

interface AddDialogProps {
  readonly target: Target;
  readonly trust: BedrockTrust | undefined;
  /** Slugs that are taken. */
  readonly taken: readonly string[];
  /** `works` where the provider accepted the key. */
  readonly onAdded: (added: ProviderKey, works: boolean) => void;
  readonly onClose: () => void;
}

const toOptions = (targets: readonly Target[]) => targets.map(({ id, name }) => ({ value: id, label: name }));
const groups = [
  { label: "Providers", options: toOptions(namedTargets) },
  { label: "Other servers", options: toOptions(serverTargets) },
];

interface AccessProps {
  readonly target: Target;
  readonly trust: BedrockTrust | undefined;
  readonly fields: AccessFields;
}

const Access = ({ target, trust, fields }: AccessProps) => {
  if (target.kind === "bedrock") return <BedrockFields trust={trust} fields={fields} />;
  const { keysUrl, name } = target;
  const key = (
    <KeyField
      fields={fields}
      hint={
        <>
          Encrypted at rest. It cannot be displayed again.
          {target.kind === "custom" ? (
            <>
              {" "}
              For a server without keys, write <code>none</code>.
            </>
          ) : null}
          {keysUrl === undefined ? null : (
            <>
              {" "}
              <a href={keysUrl} target="_blank" rel="noreferrer">
                Create one at {name}
              </a>
            </>
          )}
        </>
      }
    />
  );
  if (target.kind === "named") return key;
  return (
    <>
      {key}
      <CustomFields target={target} fields={fields} />
    </>
  );
};

/** The form of one target. It saves a key once its provider has accepted it, or when the user insists. Length: markup of one form. */
const TargetForm = ({ target, trust, taken, onAdded, onClose }: AddDialogProps) => {
  const [fields] = useState(() => newFields(target));
  const slug = useSignal(slugFor(target, taken));
  const displayName = useSignal("");
  const insists = useSignal(false);
  const tested = useKeyTest(() => ({
    access: accessOf(target, fields),
    model: target.kind === "custom" ? modelsOf(fields)[0]?.id : undefined,
  }));
  const save = useAction(async () => {
    const insisted = insists.peek();
    insists.value = false;
    const works = tested.result?.ok === true || (!insisted && (await tested.test()));
    if (!works && !insisted) return;
    const models = modelsOf(fields);
    const added = await addProviderKey(accessOf(target, fields), {
      slug: slug.value,
      displayName: displayName.value.trim() || target.name,
      ...(models.length === 0 ? {} : { models }),
    });
    onAdded(added, works);
  });
  return (
    <Form action={save} submit="Save key" onCancel={onClose} second={{ name: "Test", action: tested.action }}>
      <Access target={target} trust={trust} fields={fields} />
      <TextField
        label="Display name (optional)"
        value={displayName}
        maxLength={100}
        autocomplete="off"
        placeholder={target.name}
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
          target.kind === "custom" ? (
            <>
              Its models are then <code>{slug.value}/model</code>
            </>
          ) : (
            <>
              Requests choose this key with <code>X-Provider-Key: {slug.value}</code>
            </>
          )
        }
      />
      <ErrorNotice error={tested.action.error.value} />
      <TestNotice
        name={target.name}
        what={target.kind === "bedrock" && fields.by.value === "role" ? "role" : "key"}
        result={tested.result}
        pending={tested.action.pending}
        onSaveAnyway={() => {
          insists.value = true;
          void save.run();
        }}
      />
    </Form>
  );
};

/** Adds a provider key: for a provider, for Amazon Bedrock, or for any server. */
export const AddDialog = ({ target, ...rest }: AddDialogProps) => {
  const chosen = useSignal(target.id);
  return (
    <Dialog title="Add a provider key" onClose={rest.onClose}>
      <div class="stack">
        <SelectField label="Provider" value={chosen} groups={groups} />
        <TargetForm key={chosen.value} target={targetOf(chosen.value)} {...rest} />
      </div>
    </Dialog>
  );
};
