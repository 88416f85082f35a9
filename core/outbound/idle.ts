/**
 * How long a kept connection may have been idle and still be used. By the wall clock: Lambda freezes an environment between
 * two requests, and a connection that its server closed meanwhile, or that a middlebox forgot, looks as good as new after
 * the thaw.
 */
export const maxIdleMs = 20_000;
