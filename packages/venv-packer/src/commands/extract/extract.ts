/** `venv-packer extract`: writes an image, or parts of it, into a directory. */
import { resolve } from 'node:path'
import { type ExtractResult, extractImage } from 'squashfs-writer/read'
import { withImage } from '../../image/opened-image.js'

export interface ExtractRequest {
  /** As they were typed. */
  readonly image: string
  /** From the image's root; everything if there are none. */
  readonly paths: readonly string[]
  readonly output: string
  readonly force: boolean
  readonly xattrs: boolean
}

export interface ExtractReport {
  readonly request: ExtractRequest
  /** Absolute, both. */
  readonly image: string
  readonly output: string
  readonly result: ExtractResult
  readonly seconds: number
}

export async function extract(request: ExtractRequest): Promise<ExtractReport> {
  const start = performance.now()
  const { paths, force: overwrite, xattrs } = request
  const output = resolve(request.output)
  return await withImage(request.image, async ({ path, image }) => {
    const options = { overwrite, xattrs, ...(paths.length === 0 ? {} : { paths }) }
    const result = await extractImage(image, output, options)
    return { request, image: path, output, result, seconds: (performance.now() - start) / 1000 }
  })
}
