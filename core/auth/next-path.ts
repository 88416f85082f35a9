/** Where sign-in goes on to when nothing else is asked for. */
const defaultNext = "/dashboard";

/** A path on this site and nothing else: no scheme, no host, and no backslash, which a browser reads as a slash. */
const localPath = /^\/(?!\/)[\w\-./~%#?=&+]*$/;

/** `next` when it is a local path, else the dashboard. */
export const safeNext = (next: string | undefined): string =>
  next !== undefined && next.length <= 500 && localPath.test(next) ? next : defaultNext;
