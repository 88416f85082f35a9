import { useSignal } from "@preact/signals";
import { oauthUrl, sendMagicLink, signIn } from "../../api/auth.ts";
import { place } from "../../router.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice, Notice } from "../../ui/notice.tsx";
import { useAction } from "../../ui/use-action.ts";
import { AuthCard } from "./auth-card.tsx";
import { keptQuery, nextPath } from "./next.ts";

export const SignInPage = () => {
  const email = useSignal("");
  const password = useSignal("");
  const linkSentTo = useSignal("");
  const action = useAction(() => signIn({ email: email.value.trim(), password: password.value }));
  const magicLink = useAction(async () => {
    const address = email.value.trim();
    if (address === "") throw new Error("Write your email address above first.");
    await sendMagicLink(address, nextPath());
    linkSentTo.value = address;
  });
  return (
    <AuthCard
      title="Sign in"
      foot={
        <>
          New here?{" "}
          <Link to="sign-up" query={keptQuery()}>
            Create an account
          </Link>
        </>
      }
    >
      {place.value.query.has("error") ? (
        <Notice kind="error" live>
          <p>That sign-in did not work: the link was used already, has expired, or was refused. Try again.</p>
        </Notice>
      ) : null}
      <div class="oauth">
        <a class="button secondary" href={oauthUrl("github", nextPath())}>
          Continue with GitHub
        </a>
        <a class="button secondary" href={oauthUrl("google", nextPath())}>
          Continue with Google
        </a>
      </div>
      <p class="divider">
        <span>or</span>
      </p>
      <Form action={action} submit="Sign in" wide>
        <TextField label="Email" value={email} type="email" required autocomplete="username" maxLength={254} />
        <TextField
          label="Password"
          value={password}
          type="password"
          required
          autocomplete="current-password"
          maxLength={200}
        />
      </Form>
      <div class="auth-more">
        <Button kind="quiet" pending={magicLink.pending.value} onClick={() => void magicLink.run()}>
          Email me a sign-in link
        </Button>
        <Link to="reset-password">Forgot your password?</Link>
      </div>
      <ErrorNotice error={magicLink.error.value} />
      {linkSentTo.value === "" ? null : (
        <Notice kind="success" live>
          <p>If {linkSentTo.value} may sign in here, a link is on its way. Open it in this browser.</p>
        </Notice>
      )}
    </AuthCard>
  );
};
