import { config } from "#core/config.ts";

/**
 * Pictures, audio and videos of the gallery lie at their providers, under hosts that these do not promise to keep (BFL tells
 * clients not to pin them, MiniMax names none): so any host over TLS, for these two kinds alone. Videos of Google come through
 * us. Scripts, styles, frames and connections stay our own. Locally the simulated providers' origin is added.
 */
const mediaSources = config.mediaSources();

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  `img-src 'self' data: ${mediaSources}`,
  `media-src 'self' ${mediaSources}`,
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

/** What a browser may do with the page and its files: run and load our own, and nothing else. */
export const securityHeaders = {
  "content-security-policy": contentSecurityPolicy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "referrer-policy": "same-origin",
  "x-frame-options": "DENY",
} as const;
