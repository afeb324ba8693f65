const PREFIX = /^\(\d+ failed\) /;

/** "(1 failed) Services · web7 — Attaché": the title of a page on a host. */
export function pageTitle(page: string, host: string, failed: number): string {
  return withFailures(`${page} · ${host} — Attaché`, failed);
}

/** The same title with another count. */
export function withFailures(title: string, failed: number): string {
  const bare = title.replace(PREFIX, "");
  return failed === 0 ? bare : `(${failed} failed) ${bare}`;
}
