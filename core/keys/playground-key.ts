/** The key under which usage of the dashboard's own pages is listed. Unkey makes none with such an id. */
export const playgroundKeyId = "playground";
