"use client";

/** What nobody foresaw: the number finds the rest in the log, and the host is as it was. */
export function ErrorPage({ error, retry }: { error: unknown; retry: () => void }) {
  const reference =
    error instanceof Error && "digest" in error && typeof error.digest === "string" ? error.digest : null;
  return (
    <div className="lone" role="alert">
      <h1>This page could not be shown</h1>
      <p>Something unforeseen went wrong while showing it. Showing a page never changes the host.</p>
      {reference !== null && (
        <p>
          {"Reference for the log ("}
          <code>journalctl -u attache-web</code>
          {"): "}
          <code>{reference}</code>
        </p>
      )}
      <button type="button" className="btn btn-primary" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
