import { batch, useSignal } from "@preact/signals";
import { deleteAccount } from "../../api/account.ts";
import type { SignedIn } from "../../api/auth.ts";
import { clearAtSignOut } from "../../browser-store.ts";
import { navigate } from "../../router.ts";
import { signedInUser, signedOutInAllTabs } from "../../session.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { useAction } from "../../ui/use-action.ts";
import { isFresh } from "./fresh-sign-in.ts";
import { Section } from "./section.tsx";

const whatGoes = [
  "API keys: they stop at once, and running requests end",
  "provider keys, presets and exports",
  "usage, the request log with its tags, feedback and recorded content, budgets and alerts",
  "jobs, deliveries, votes and ratings",
  "conversations and runs that this browser has kept",
];

const escaped = (text: string): string => text.replaceAll(/[^\w@-]/g, "\\$&");

interface DeleteDialogProps {
  readonly signedIn: SignedIn | undefined;
  readonly onClose: () => void;
}

const DeleteDialog = ({ signedIn, onClose }: DeleteDialogProps) => {
  const typed = useSignal("");
  const password = useSignal("");
  const phrase = signedIn?.user.email ?? "delete my account";
  const action = useAction(async () => {
    if (typed.value.trim().toLowerCase() !== phrase.toLowerCase()) throw new Error(`Type ${phrase} to confirm.`);
    await deleteAccount(password.value);
    const userId = signedInUser();
    if (userId !== undefined) clearAtSignOut(userId, true);
    // At once: signed out at another address would lead to sign-in.
    batch(() => {
      navigate("account-deleted", { replace: true });
      signedOutInAllTabs();
    });
  });
  return (
    <Dialog title="Delete your account" onClose={onClose}>
      <Form action={action} submit="Delete my account" kind="danger" onCancel={onClose}>
        <div class="stack">
          <p>This deletes, within minutes and for good:</p>
          <ul class="bullets">
            {whatGoes.map((what) => (
              <li key={what}>{what}</li>
            ))}
          </ul>
        </div>
        <TextField
          label={`Type ${phrase} to confirm`}
          value={typed}
          required
          autocomplete="off"
          pattern={`\\s*${escaped(phrase)}\\s*`}
          mono
        />
        <TextField
          label={isFresh(signedIn) ? "Password (optional)" : "Password"}
          value={password}
          type="password"
          autocomplete="current-password"
          maxLength={1_000}
          hint={
            isFresh(signedIn)
              ? "Not needed: you signed in a moment ago."
              : "No password? Sign out, sign in again, and leave this empty."
          }
        />
      </Form>
    </Dialog>
  );
};

/** Deletes the account. It asks twice: once by a button, once by typing. */
export const DeleteSection = ({ signedIn }: { readonly signedIn: SignedIn | undefined }) => {
  const asking = useSignal(false);
  return (
    <Section
      danger
      title="Delete account"
      about="Cannot be undone. Export your data first. Your email address and password go a day later, or when the operator of this gateway deletes them."
    >
      <div>
        <Button
          kind="danger"
          icon="trash"
          onClick={() => {
            asking.value = true;
          }}
        >
          Delete account…
        </Button>
      </div>
      {asking.value ? (
        <DeleteDialog
          signedIn={signedIn}
          onClose={() => {
            asking.value = false;
          }}
        />
      ) : null}
    </Section>
  );
};
