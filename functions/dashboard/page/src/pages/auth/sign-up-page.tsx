import { useSignal } from "@preact/signals";
import { signUp } from "../../api/auth.ts";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Notice } from "../../ui/notice.tsx";
import { useAction } from "../../ui/use-action.ts";
import { AuthCard } from "./auth-card.tsx";
import { keptQuery } from "./next.ts";

export const SignUpPage = () => {
  const email = useSignal("");
  const password = useSignal("");
  const confirming = useSignal("");
  const action = useAction(async () => {
    const address = email.value.trim();
    if (!(await signUp({ email: address, password: password.value }))) confirming.value = address;
  });
  const foot = (
    <>
      Have an account?{" "}
      <Link to="sign-in" query={keptQuery()}>
        Sign in
      </Link>
    </>
  );
  if (confirming.value !== "") {
    return (
      <AuthCard title="Check your email" foot={foot}>
        <Notice kind="success" live>
          <p>
            A link went to <strong>{confirming.value}</strong>. Open it in this browser to confirm the address.
          </p>
        </Notice>
      </AuthCard>
    );
  }
  return (
    <AuthCard title="Create an account" lead="One key for every model." foot={foot}>
      <Form action={action} submit="Create account" wide>
        <TextField label="Email" value={email} type="email" required autocomplete="username" maxLength={254} />
        <TextField
          label="Password"
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
