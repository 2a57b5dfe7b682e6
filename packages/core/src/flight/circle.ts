/** Who waits for whom, or needs whom. */
export type Edge = readonly [from: string, to: string];

/** Those of a circle, each before the one it waits for; undefined if there is none. */
export function findCircle(edges: Iterable<Edge>): readonly string[] | undefined {
  const nexts = new Map<string, Set<string>>();
  for (const [from, to] of edges) nexts.set(from, (nexts.get(from) ?? new Set()).add(to));
  const done = new Set<string>();
  const search = (from: Iterable<string>, path: readonly string[]): readonly string[] | undefined => {
    for (const at of from) {
      // guard: N1 a circle has nobody who only leads to it
      if (path.includes(at)) return path.slice(path.indexOf(at));
      if (done.has(at)) continue;
      done.add(at);
      const circle = search(nexts.get(at) ?? [], [...path, at]);
      if (circle) return circle;
    }
    return undefined;
  };
  return search(nexts.keys(), []);
}
