/** A path of the table that a request matched, and its parameters as they came: still percent-encoded, as REST APIs pass them. */
export interface PathMatch<Route> {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>> | null;
}

interface Node<Route> {
  readonly literals: Map<string, Node<Route>>;
  parameter?: { readonly name: string; readonly node: Node<Route> };
  greedy?: { readonly name: string; readonly route: Route };
  route?: Route;
}

const newNode = <Route>(): Node<Route> => ({ literals: new Map() });

const insert = <Route>(root: Node<Route>, route: Route, path: string): void => {
  let node = root;
  for (const segment of path.split("/").slice(1)) {
    const name = /^\{(\w+)(\+?)\}$/.exec(segment);
    if (name === null) {
      const next: Node<Route> = node.literals.get(segment) ?? newNode();
      node.literals.set(segment, next);
      node = next;
    } else if (name[2] === "+") {
      node.greedy = { name: name[1] ?? "", route };
      return;
    } else {
      node.parameter ??= { name: name[1] ?? "", node: newNode() };
      node = node.parameter.node;
    }
  }
  node.route = route;
};

const find = <Route>(
  node: Node<Route>,
  segments: readonly string[],
  index: number,
  parameters: Record<string, string>,
): Route | undefined => {
  const segment = segments[index];
  if (segment === undefined) return node.route;
  const literal = node.literals.get(segment);
  if (literal !== undefined) {
    const route = find(literal, segments, index + 1, parameters);
    if (route !== undefined) return route;
  }
  if (node.parameter !== undefined && segment !== "") {
    const route = find(node.parameter.node, segments, index + 1, parameters);
    if (route !== undefined) {
      parameters[node.parameter.name] = segment;
      return route;
    }
  }
  if (node.greedy === undefined) return undefined;
  parameters[node.greedy.name] = segments.slice(index).join("/");
  return node.greedy.route;
};

/**
 * Matches paths as a REST API does: the most specific wins (a literal before `{name}` before `{name+}`), a trailing
 * slash is the same resource, and `{name+}` needs at least one segment, so `/` is not within `/{proxy+}`.
 */
export const createRouter = <Route extends { readonly path: string }>(
  routes: readonly Route[],
): ((path: string) => PathMatch<Route> | undefined) => {
  const root = newNode<Route>();
  for (const route of routes) insert(root, route, route.path);
  return (path) => {
    const end = path.length > 1 && path.endsWith("/") ? path.length - 1 : path.length;
    const segments = path.slice(1, end).split("/");
    // The root alone is one empty segment, which only a literal "/" may match.
    if (segments.length === 1 && segments[0] === "") {
      const route = root.literals.get("")?.route;
      return route === undefined ? undefined : { route, parameters: null };
    }
    const parameters: Record<string, string> = {};
    const route = find(root, segments, 0, parameters);
    if (route === undefined) return undefined;
    return { route, parameters: Object.keys(parameters).length === 0 ? null : parameters };
  };
};
