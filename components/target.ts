/**
 * What a button asks for, as one form value, so that five hundred buttons can
 * share one form: `service/version/expected`. File names hold no `/`, so it
 * separates safely; without the third part the service was shown as detached.
 */
export interface DeployTarget {
  readonly service: string;
  readonly version: string;
  readonly expected: string | null;
}

export function writeTarget({ service, version, expected }: DeployTarget): string {
  return expected === null ? `${service}/${version}` : `${service}/${version}/${expected}`;
}

/** `null` when the text is not one of ours. */
export function readTarget(text: string): DeployTarget | null {
  const [service, version, expected, ...rest] = text.split("/");
  if (service === undefined || service === "" || version === undefined || rest.length > 0) return null;
  return { service, version, expected: expected ?? null };
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
