import { NotHere } from "@/components/not-here";

export default function NotFound() {
  return (
    <main id="main" className="lone">
      <NotHere />
    </main>
  );
}
