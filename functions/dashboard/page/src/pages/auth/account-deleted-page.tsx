import { Link } from "../../ui/link.tsx";
import { Notice } from "../../ui/notice.tsx";
import { AuthCard } from "./auth-card.tsx";

/** Where the deletion of an account ends, signed out. */
export const AccountDeletedPage = () => (
  <AuthCard title="Your account is being deleted" foot={<Link to="sign-in">Back to sign-in</Link>}>
    <Notice kind="success" live>
      <p>Your API keys no longer work, and all sessions have ended. Your data is gone within minutes.</p>
    </Notice>
  </AuthCard>
);
