import { useEffect } from "preact/hooks";
import { loadSession } from "./api/auth.ts";
import { clearWhereAsked } from "./browser-store.ts";
import { LazyPage } from "./lazy-page.tsx";
import { pageAt } from "./navigation.ts";
import { AccountDeletedPage } from "./pages/auth/account-deleted-page.tsx";
import { ConfirmSignInPage } from "./pages/auth/confirm-sign-in-page.tsx";
import { nextPage, returnQuery } from "./pages/auth/next.ts";
import { ResetPasswordPage } from "./pages/auth/reset-password-page.tsx";
import { SignInPage } from "./pages/auth/sign-in-page.tsx";
import { SignUpPage } from "./pages/auth/sign-up-page.tsx";
import { UpdatePasswordPage } from "./pages/auth/update-password-page.tsx";
import { navigate, page } from "./router.ts";
import { session, type User } from "./session.ts";
import { Shell } from "./shell.tsx";
import { Link } from "./ui/link.tsx";
import { ErrorNotice } from "./ui/notice.tsx";
import { PageHeader } from "./ui/page-header.tsx";
import { Toast } from "./ui/toast.tsx";

const openPages = {
  "sign-in": SignInPage,
  "sign-up": SignUpPage,
  "reset-password": ResetPasswordPage,
  "account-deleted": AccountDeletedPage,
} as const;

const openPage = (name: string) =>
  Object.hasOwn(openPages, name) ? openPages[name as keyof typeof openPages] : undefined;

const NotFound = () => (
  <>
    <PageHeader title="Page not found">
      The dashboard has no page at this address. <Link to="keys">Go to your keys</Link>
    </PageHeader>
  </>
);

interface RedirectProps {
  readonly to: string;
  readonly query?: URLSearchParams;
}

const Redirect = ({ to, query }: RedirectProps) => {
  useEffect(() => navigate(to, { replace: true, ...(query === undefined ? {} : { query }) }), [to, query]);
  return null;
};

const SignedOut = () => {
  useEffect(clearWhereAsked, []);
  const Page = openPage(page.value);
  return Page === undefined ? <Redirect to="sign-in" query={returnQuery()} /> : <Page />;
};

const SignedIn = ({ user }: { user: User }) => {
  if (openPage(page.value) !== undefined) return <Redirect to={nextPage()} />;
  if (page.value === "") return <Redirect to="keys" />;
  if (page.value === "update-password") return <UpdatePasswordPage email={user.email} />;
  const item = pageAt(page.value);
  return <Shell user={user}>{item === undefined ? <NotFound /> : <LazyPage key={item.id} item={item} />}</Shell>;
};

const Content = () => {
  const current = session.value;
  // Whoever is signed in: a link may be of another account.
  if (page.value === "confirm-sign-in" && current.state !== "unknown") return <ConfirmSignInPage />;
  if (current.state === "signed-in") return <SignedIn user={current.user} />;
  if (current.state === "signed-out") return <SignedOut />;
  if (current.state === "failed") {
    return (
      <main class="auth">
        <div class="auth-column">
          <h1 class="visually-hidden">Concurred</h1>
          <ErrorNotice error={current.error} onRetry={() => void loadSession()} />
        </div>
      </main>
    );
  }
  return (
    <p class="visually-hidden" role="status">
      Loading
    </p>
  );
};

export const App = () => (
  <>
    <Content />
    <Toast />
  </>
);
