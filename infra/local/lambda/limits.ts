/**
 * Lambda's quotas that callers meet. Source: Lambda developer guide, "Lambda quotas".
 * Not emulated: the 200 MB cap and the 2 MB/s throttle after 6 MB of a streamed response.
 */

/** Bytes of a synchronous invocation's event. */
export const maxRequestBytes = 6 * 1024 * 1024;

/** Bytes of a buffered response: Lambda allows 100 more than 6 MB and names this number in its error. */
export const maxResponseBytes = 6 * 1024 * 1024 + 100;
