import { useSignal } from "@preact/signals";
import { sendPasswordReset } from "../../api/auth.ts";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Notice } from "../../ui/notice.tsx";
import { useAction } from "../../ui/use-action.ts";
import { AuthCard } from "./auth-card.tsx";

export const ResetPasswordPage = () => {
  const email = useSignal("");
  const sentTo = useSignal("");
  const action = useAction(async () => {
    const address = email.value.trim();
    await sendPasswordReset(address);
    sentTo.value = address;
  });
  return (
    <AuthCard
      title="Reset your password"
      lead="We email you a link to choose a new password."
      foot={<Link to="sign-in">Back to sign-in</Link>}
    >
      {sentTo.value === "" ? (
        <Form action={action} submit="Send the link" wide>
          <TextField label="Email" value={email} type="email" required autocomplete="username" maxLength={254} />
        </Form>
      ) : (
        <Notice kind="success" live>
          <p>
            If <strong>{sentTo.value}</strong> has an account, a link is on its way. Open it in this browser.
          </p>
        </Notice>
      )}
    </AuthCard>
  );
};
