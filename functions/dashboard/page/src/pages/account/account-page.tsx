import { readSession } from "../../api/auth.ts";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { DeleteSection } from "./delete-section.tsx";
import { ExportSection } from "./export-section.tsx";
import { LimitsSection } from "./limits-section.tsx";
import { PasswordSection, SessionsSection } from "./sign-in-section.tsx";

/** What holds for the account as a whole. */
export const AccountPage = () => {
  const session = useResource(readSession);
  const signedIn = session.data.value;
  return (
    <>
      <PageHeader title="Account">Limits, sign-in, your data, and the way out.</PageHeader>
      <ErrorNotice error={session.error.value} onRetry={session.reload} />
      <LimitsSection />
      <PasswordSection signedIn={signedIn} />
      <SessionsSection signedIn={signedIn} />
      <ExportSection />
      <DeleteSection signedIn={signedIn} />
    </>
  );
};
