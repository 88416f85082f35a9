import { useSignal } from "@preact/signals";
import { oauthUrl, sendMagicLink, signIn } from "../../api/auth.ts";
import { route } from "../../router.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice, Notice } from "../../ui/notice.tsx";
import { useAction } from "../../ui/use-action.ts";
import { AuthCard } from "./auth-card.tsx";
import { keptQuery, nextPath } from "./next.ts";

/** The sign-in page. Length: markup of one form with its four ways to sign in. */
export const SignInPage = () => {
  const email = useSignal("");
  const password = useSignal("");
  const linkSentTo = useSignal("");
  const action = useAction(() => {
    magicLink.fail(undefined);
    linkSentTo.value = "";
    return signIn({ email: email.value.trim(), password: password.value });
  });
  const magicLink = useAction(async () => {
    action.fail(undefined);
    linkSentTo.value = "";
    const address = email.value.trim();
    if (address === "") throw new Error("Enter your email address first.");
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
      {route.value.query.has("error") ? (
        <Notice kind="error" live>
          <p>Sign-in failed. The link has expired, was already used, or was rejected. Try again.</p>
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
