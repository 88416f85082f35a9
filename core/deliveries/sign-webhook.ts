import { Webhook } from "standardwebhooks";

/**
 * The `webhook-signature` of Standard Webhooks 1.0.0. A module apart, since only deliveries need it: the package is CommonJS,
 * and esbuild gives such a package no named exports when it is imported lazily.
 * @param secret `whsec_` and base64.
 */
export const signWebhook = (secret: string, id: string, sentAt: Date, body: string): string =>
  new Webhook(secret).sign(id, sentAt, body);
