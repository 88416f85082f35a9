import { PageHeader } from "../../ui/page-header.tsx";
import { GatewaySection } from "./gateway-section.tsx";
import { ProvidersSection } from "./providers-section.tsx";

/** Whether the gateway works, and how providers answer this account. */
export const StatusPage = () => (
  <>
    <PageHeader title="Status">The gateway's own health, and how each provider answers your requests.</PageHeader>
    <GatewaySection />
    <ProvidersSection />
  </>
);
