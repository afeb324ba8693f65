import type { Metadata, Viewport } from "next";
import { cookies } from "next/headers";
import type { ReactNode } from "react";
import { readTheme, THEME_COOKIE } from "@/components/theme";
import "@/app/globals.css";

export const metadata: Metadata = {
  title: "Attaché",
  description: "systemd portable services: every version in sight, upgrade and rollback in one click.",
  robots: { index: false, follow: false },
};

export const viewport: Viewport = {
  colorScheme: "light dark",
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#ffffff" },
    { media: "(prefers-color-scheme: dark)", color: "#0d1117" },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  const jar = await cookies();
  return (
    <html lang="en" data-theme={readTheme(jar.get(THEME_COOKIE)?.value)}>
      <body>
        <a href="#main" className="skip">
          Skip to the content
        </a>
        {children}
      </body>
    </html>
  );
}
