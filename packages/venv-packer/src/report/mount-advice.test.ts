import { describe, expect, it } from 'vitest'
import { mountAdvice } from './mount-advice.js'

const fixed = {
  image: '/scratch/venv.squashfs',
  environment: '/scratch/demo/.venv',
  anywhere: false,
  isFree: () => true,
}
const movable = { ...fixed, anywhere: true }

describe('the lines that mount an image', () => {
  it('mount a fixed environment at its own path', () => {
    expect(mountAdvice(fixed)).toEqual({
      point: '/scratch/demo/.venv',
      anywhere: false,
      commands: {
        uenv: 'uenv start --view=default prgenv-gnu/24.11:v1,/scratch/venv.squashfs:/scratch/demo/.venv',
        'squashfs-mount': 'squashfs-mount /scratch/venv.squashfs:/scratch/demo/.venv -- bash',
        mount: 'sudo mount -t squashfs -o loop,ro,nosuid,nodev /scratch/venv.squashfs /scratch/demo/.venv',
        squashfuse: 'squashfuse /scratch/venv.squashfs /scratch/demo/.venv',
      },
    })
  })

  it('mount a relocatable environment beside its image', () => {
    expect(mountAdvice(movable).point).toBe('/scratch/venv')
    expect(mountAdvice({ ...movable, image: '/scratch/image' }).point).toBe('/scratch/image.mount')
  })

  it('mount it over its own folder where something lies beside the image already', () => {
    expect(mountAdvice({ ...movable, isFree: () => false }).point).toBe('/scratch/demo/.venv')
  })

  it('quote what a shell would misread', () => {
    const { commands } = mountAdvice({ ...fixed, image: "/my images/it's.squashfs" })
    expect(commands.squashfuse).toBe("squashfuse '/my images/it'\\''s.squashfs' /scratch/demo/.venv")
    expect(commands['squashfs-mount']).toBe(
      "squashfs-mount '/my images/it'\\''s.squashfs:/scratch/demo/.venv' -- bash",
    )
  })

  it.each(['/a:b/venv.squashfs', '/a,b/venv.squashfs'])(
    'leave out IMAGE:MOUNT where %s cannot be said in it',
    (image) => {
      const { commands } = mountAdvice({ ...fixed, image })
      expect(commands.uenv).toBeNull()
      expect(commands['squashfs-mount']).toBeNull()
      expect(commands.squashfuse).toContain(image)
    },
  )
})
