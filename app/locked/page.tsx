import type { Metadata } from "next";
import { cookies } from "next/headers";
import { CodeBlock } from "@/components/code-block";
import { readTheme, THEME_COOKIE } from "@/components/theme";
import { ThemeChoice } from "@/components/theme-choice";

export const metadata: Metadata = { title: "Locked — Attaché" };

/** How to get in: says nothing of the host, since whoever reads this has no session. */
export default async function LockedPage({ searchParams }: PageProps<"/locked">) {
  const jar = await cookies();
  const { used } = await searchParams;
  return (
    <main id="main" className="lone">
      <h1>Attaché is locked</h1>
      {used !== undefined && (
        <p>That link was used already, or is not the newest one. Each link opens one browser.</p>
      )}
      <p>
        Open the link that the server printed when it started. The newest one is kept on the host; read it as
        root:
      </p>
      <CodeBlock code="cat /run/attache-web/link" />
      <ThemeChoice initial={readTheme(jar.get(THEME_COOKIE)?.value)} />
    </main>
  );
}
