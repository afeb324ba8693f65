import Link from "next/link";

export default function NotFound() {
  return (
    <main id="main" className="lone">
      <h1>Not here</h1>
      <p>
        There is no such page, service or deployment on this host. It may have been removed since the link was
        made.
      </p>
      <p>
        <Link href="/">All services</Link>
      </p>
    </main>
  );
}
