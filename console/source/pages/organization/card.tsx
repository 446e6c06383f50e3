import type { ReactNode } from 'react'

/** One setting of the organization with its buttons. */
export function Card({ title, actions, children }: { title: string; actions: ReactNode; children: ReactNode }) {
  return <section className="card" aria-label={title}><h2>{title}</h2>{children}<div className="buttons">{actions}</div></section>
}
