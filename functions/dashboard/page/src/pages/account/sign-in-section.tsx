import { useSignal } from "@preact/signals";
import { type SignedIn, signOutEverywhere, updatePassword } from "../../api/auth.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Ago } from "../../ui/time.tsx";
import { announce } from "../../ui/toast.tsx";
import { useAction } from "../../ui/use-action.ts";
import { isFresh } from "./fresh-sign-in.ts";
import { Section } from "./section.tsx";

interface SignInSectionProps {
  /** Undefined while it loads. */
  readonly signedIn: SignedIn | undefined;
}

export const PasswordSection = ({ signedIn }: SignInSectionProps) => {
  const current = useSignal("");
  const next = useSignal("");
  const action = useAction(async () => {
    await updatePassword(next.value, current.value);
    current.value = "";
    next.value = "";
    announce("Your password has been changed.");
  });
  const fresh = isFresh(signedIn);
  return (
    <Section
      title="Password"
      about="Other sessions stay signed in. If you sign in with GitHub, Google or a link, you can set a first password here."
    >
      <Form action={action} submit="Change password">
        <TextField
          label={fresh ? "Current password (optional)" : "Current password"}
          value={current}
          type="password"
          autocomplete="current-password"
          maxLength={1_000}
          hint={
            fresh
              ? "Not needed: you signed in a moment ago."
              : "Forgot it, or never had one? Sign out, sign in again, and leave this empty."
          }
        />
        <TextField
          label="New password"
          value={next}
          type="password"
          required
          autocomplete="new-password"
          minLength={8}
          maxLength={72}
          hint="At least 8 characters."
        />
      </Form>
    </Section>
  );
};

export const SessionsSection = ({ signedIn }: SignInSectionProps) => {
  const asking = useSignal(false);
  const close = (): void => {
    asking.value = false;
  };
  return (
    <Section
      title="Sessions"
      about="Sign out everywhere if a device was lost. API keys keep working: revoke them on the page Keys."
    >
      <p class="wrap">
        Signed in as <strong>{signedIn?.user.email ?? signedIn?.user.id ?? "…"}</strong>
        {signedIn?.signedInAt === undefined || signedIn.signedInAt === null ? null : (
          <>
            , <Ago time={signedIn.signedInAt} />
          </>
        )}
      </p>
      <div>
        <Button
          icon="signOut"
          onClick={() => {
            asking.value = true;
          }}
        >
          Sign out everywhere
        </Button>
      </div>
      {asking.value ? (
        <ConfirmDialog
          title="Sign out everywhere"
          confirm="Sign out everywhere"
          onClose={close}
          onConfirm={signOutEverywhere}
        >
          <p>
            Every session ends, this one too. A page that is open elsewhere can still read for up to an hour, but can no
            longer create or change a secret.
          </p>
        </ConfirmDialog>
      ) : null}
    </Section>
  );
};
