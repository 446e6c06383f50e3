// The one view of a new secret.
import { CopyButton } from './basic'
import { Dialog } from './dialog'

type SecretProps = { title: string; secret: string; about: string; copy: string; onClose: () => void }

/** A dialog of its own: the button that made the secret has left, so a second press of Enter copies it and does not close it. */
export function Secret({ title, secret, about, copy, onClose }: SecretProps) {
  return (
    <Dialog title={title} submit="I have kept it" onClose={onClose} onSubmit={onClose}>
      <p>{about}</p>
      <p><code className="secret">{secret}</code> <CopyButton text={secret} label={copy} /></p>
    </Dialog>
  )
}
