const segments = location.pathname.split("/");

/** Path in front of `dashboard` and `api`, ending in a slash: `/`, or `/<stage>/` under API Gateway's own address. */
export const root = `${segments.slice(0, segments.lastIndexOf("dashboard")).join("/")}/`;
