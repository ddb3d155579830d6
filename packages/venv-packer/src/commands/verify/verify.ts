/** `venv-packer verify`: reads all that is in an image, and says whether it is whole. */
import type { Verification } from 'squashfs-writer/read'
import { withImage } from '../../image/opened-image.js'

export interface VerifyRequest {
  /** As it was typed. */
  readonly image: string
}

export interface VerifyReport {
  readonly request: VerifyRequest
  /** Absolute. */
  readonly image: string
  /** Bytes of the file. */
  readonly size: number
  readonly verification: Verification
  readonly seconds: number
}

export async function verify(request: VerifyRequest): Promise<VerifyReport> {
  const start = performance.now()
  return await withImage(request.image, async ({ path, image }) => {
    const verification = await image.verify()
    return {
      request,
      image: path,
      size: image.size,
      verification,
      seconds: (performance.now() - start) / 1000,
    }
  })
}
