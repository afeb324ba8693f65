import { cookies } from "next/headers";
import { connection } from "next/server";
import type { ReactNode } from "react";
import { cleanText } from "@/components/clean-text";
import { LiveProvider } from "@/components/live-provider";
import { countFailed } from "@/components/service-row";
import { SiteHeader } from "@/components/site-header";
import { readTheme, THEME_COOKIE } from "@/components/theme";
import { requireSession } from "@/lib/auth/session";
import { readEnv } from "@/lib/env";
import { live } from "@/lib/live";

/** The shell. It shows the name of the host, so it asks for a session too; each page asks again for itself. */
export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  await connection();
  await requireSession();
  const jar = await cookies();
  const { epoch, revision, bus, engine, seenAt, host, services } = live().snapshot();
  return (
    <LiveProvider initial={{ epoch, revision, link: { bus, engine, seenAt }, now: Date.now() }}>
      <SiteHeader
        host={cleanText(host.name)}
        failed={countFailed(services)}
        theme={readTheme(jar.get(THEME_COOKIE)?.value)}
        graceMs={readEnv().graceMs}
      />
      <main id="main">{children}</main>
    </LiveProvider>
  );
}
