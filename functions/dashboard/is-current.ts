/** Whether `If-None-Match` names this tag. Weak and strong compare alike, as for any GET (RFC 9110, 13.1.2). */
export const isCurrent = (ifNoneMatch: string | undefined, etag: string): boolean =>
  (ifNoneMatch?.split(",") ?? []).some((candidate) => {
    const tag = candidate.trim().replace(/^W\//, "");
    return tag === "*" || tag === etag;
  });
