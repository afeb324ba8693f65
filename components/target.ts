/**
 * What a button asks for, as one form value, so that five hundred buttons can
 * share one form: `service/version/expected`. File names hold no `/`, so it
 * separates safely; without the third part the service was shown as detached.
 * Layers that are to change follow in pairs: `…/stem/version`.
 */
export interface DeployTarget {
  readonly service: string;
  readonly version: string;
  readonly expected: string | null;
  /** Another version for these layers, by stem; left out = all stay. */
  readonly layers?: Readonly<Record<string, string>>;
}

export function writeTarget({ service, version, expected, layers = {} }: DeployTarget): string {
  // What is shown as detached has no layers.
  if (expected === null) return `${service}/${version}`;
  return [service, version, expected, ...Object.entries(layers).flat()].join("/");
}

/** `null` when the text is not one of ours. */
export function readTarget(text: string): DeployTarget | null {
  const [service, version, expected, ...rest] = text.split("/");
  if (service === undefined || service === "" || version === undefined || rest.length % 2 > 0) return null;
  const pairs = rest.flatMap((stem, index) =>
    index % 2 === 0 ? [[stem, rest[index + 1] ?? ""] as const] : [],
  );
  return {
    service,
    version,
    expected: expected ?? null,
    ...(pairs.length > 0 ? { layers: Object.fromEntries(pairs) } : {}),
  };
}

/** Where the page of a service is; names are file names and may hold nearly anything. */
export function servicePath(name: string): string {
  return `/services/${encodeURIComponent(name)}`;
}

/** The name in a path segment; text that does not decode is taken as it is. */
export function readSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
