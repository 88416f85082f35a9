import { useSignal } from "@preact/signals";
import { useState } from "preact/hooks";
import { signInByLink } from "../../api/auth.ts";
import { addressOf, navigate } from "../../router.ts";
import { session } from "../../session.ts";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Notice } from "../../ui/notice.tsx";
import { useAction } from "../../ui/use-action.ts";
import { AuthCard } from "./auth-card.tsx";
import { takeSignInLink } from "./sign-in-link.ts";

/** Asks before a link signs in that this browser did not ask for: it may be somebody else's. */
export const ConfirmSignInPage = () => {
  const [link] = useState(takeSignInLink);
  const email = useSignal(link.email);
  const action = useAction(async () => {
    await signInByLink({ tokenHash: link.tokenHash, type: link.type, email: email.value.trim() });
    // A new page: nothing of another user's session is left in this one.
    location.replace(addressOf(link.next));
  });
  const current = session.value.state === "signed-in" ? session.value.user.email : null;
  const foot = <Link to="sign-in">Back to sign-in</Link>;
  if (link.tokenHash === "") {
    return (
      <AuthCard title="This link is incomplete" foot={foot}>
        <Notice kind="error" live>
          <p>Open the link in the email again, or request a new one.</p>
        </Notice>
      </AuthCard>
    );
  }
  return (
    <AuthCard
      title={link.email === "" ? "Sign in with this link?" : `Sign in as ${link.email}?`}
      lead="This browser did not request the link. Continue only if you requested it in another browser."
      foot={foot}
    >
      {current === null ? null : (
        <Notice kind="info">
          <p>
            You are signed in as <strong>{current}</strong>. Continuing replaces that session.
          </p>
        </Notice>
      )}
      <Form action={action} submit="Sign in" wide onCancel={() => navigate("keys", { replace: true })}>
        {link.email === "" ? (
          <TextField
            label="Email"
            value={email}
            type="email"
            required
            autocomplete="username"
            maxLength={254}
            hint="The address that received the link."
          />
        ) : null}
      </Form>
    </AuthCard>
  );
};
