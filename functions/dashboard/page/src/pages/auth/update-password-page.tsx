import { useSignal } from "@preact/signals";
import { updatePassword } from "../../api/auth.ts";
import { navigate } from "../../router.ts";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { announce } from "../../ui/toast.tsx";
import { useAction } from "../../ui/use-action.ts";
import { AuthCard } from "./auth-card.tsx";

/** Where the link of a reset mail ends, signed in. */
export const UpdatePasswordPage = ({ email }: { email: string | null }) => {
  const password = useSignal("");
  const action = useAction(async () => {
    await updatePassword(password.value);
    navigate("keys", { replace: true });
    announce("Your password has been changed.");
  });
  return (
    <AuthCard title="Choose a new password" {...(email === null ? {} : { lead: `For ${email}.` })}>
      <Form action={action} submit="Set password" wide>
        <TextField
          label="New password"
          value={password}
          type="password"
          required
          autocomplete="new-password"
          minLength={8}
          maxLength={72}
          hint="At least 8 characters."
        />
      </Form>
    </AuthCard>
  );
};
