import type { Metadata } from "next";
import { cookies } from "next/headers";
import { CodeBlock } from "@/components/code-block";
import { readTheme, THEME_COOKIE } from "@/components/theme";
import { ThemeChoice } from "@/components/theme-choice";
import { linkFile } from "@/lib/auth/open-link";

export const metadata: Metadata = { title: "Locked — Attaché" };

/** How to get in: says nothing of the host, since whoever reads this has no session. */
export default async function LockedPage({ searchParams }: PageProps<"/locked">) {
  const jar = await cookies();
  const { used } = await searchParams;
  const file = linkFile();
  return (
    <main id="main" className="lone">
      <h1>Attaché is locked</h1>
      {used !== undefined && (
        <p>That link was used already, or is not the newest one. Each link opens one browser.</p>
      )}
      {file === null ? (
        <p>
          Open the newest link in the terminal where this server was started: it prints a fresh one after each
          use.
        </p>
      ) : (
        <>
          <p>Open the newest link, which is kept on the host. Read it as root:</p>
          <CodeBlock code={`cat ${file}`} />
        </>
      )}
      <ThemeChoice initial={readTheme(jar.get(THEME_COOKIE)?.value)} />
    </main>
  );
}
