import Link from "next/link";

/** What an address without a page, service or deployment behind it shows. */
export function NotHere() {
  return (
    <>
      <h1>Not here</h1>
      <p>
        There is no such page, service or deployment on this host. It may have been removed since the link was
        made.
      </p>
      <p>
        <Link href="/">All services</Link>
      </p>
    </>
  );
}
