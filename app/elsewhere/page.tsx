import type { Metadata } from "next";

export const metadata: Metadata = { title: "From another site — Attaché" };

/** What a link on another site leads to; the way on is to ask for the same address from here. */
export default async function ElsewherePage({ searchParams }: PageProps<"/elsewhere">) {
  const { to } = await searchParams;
  return (
    <main id="main" className="lone">
      <h1>This link is on another site</h1>
      <p>
        Attaché opens from its own pages and from the address bar only, so that no other site acts in your
        name.
      </p>
      <p>
        <a href={pathOf(to)}>Go on to {pathOf(to)}</a>
      </p>
    </main>
  );
}

/** An address of ours and never another site's, whatever the link said. */
function pathOf(to: string | string[] | undefined): string {
  return `/${String(to ?? "").replace(/^[/\\\s]+/, "")}`;
}
