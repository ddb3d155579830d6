import { describe, expect, it } from 'vitest'
import { type MountAdviceInput, mountAdvice } from './mount-advice.js'

const fixed: MountAdviceInput = {
  image: '/scratch/venv.squashfs',
  environment: '/scratch/demo/.venv',
  venv: true,
  anywhere: false,
  mountPoint: undefined,
  isFree: () => true,
  squashfsMountForm: 'pair',
}
const movable: MountAdviceInput = { ...fixed, anywhere: true }

describe('the command lines that mount an image', () => {
  it('mount a fixed environment at its own path', () => {
    expect(mountAdvice(fixed)).toEqual({
      point: '/scratch/demo/.venv',
      anywhere: false,
      commands: {
        'venv-packer': 'venv-packer run /scratch/venv.squashfs -- python',
        uenv: 'uenv start --view=default prgenv-gnu/24.11:v1,/scratch/venv.squashfs:/scratch/demo/.venv',
        slurm: '#SBATCH --uenv=prgenv-gnu/24.11:v1,/scratch/venv.squashfs:/scratch/demo/.venv --view=default',
        'squashfs-mount': 'squashfs-mount /scratch/venv.squashfs:/scratch/demo/.venv -- bash',
        apptainer:
          'apptainer exec --mount type=bind,src=/scratch/venv.squashfs,dst=/scratch/demo/.venv,image-src=/ CONTAINER.sif bash',
        'container-engine': 'mounts = ["/scratch/venv.squashfs:/scratch/demo/.venv:sqsh"]',
        mount: 'sudo mount -t squashfs -o loop,ro,nosuid,nodev /scratch/venv.squashfs /scratch/demo/.venv',
        squashfuse: 'squashfuse /scratch/venv.squashfs /scratch/demo/.venv',
      },
    })
  })

  it('mount a relocatable environment beside its image', () => {
    expect(mountAdvice(movable).point).toBe('/scratch/venv')
    expect(mountAdvice({ ...movable, image: '/scratch/image' }).point).toBe('/scratch/image.mount')
  })

  it('mount it over its own directory if the path beside the image is taken', () => {
    expect(mountAdvice({ ...movable, isFree: () => false }).point).toBe('/scratch/demo/.venv')
  })

  it('mount it at the path of --mount-point', () => {
    for (const context of [fixed, movable]) {
      const { point, commands } = mountAdvice({ ...context, mountPoint: '/opt/env' })
      expect(point).toBe('/opt/env')
      const { 'venv-packer': run, ...others } = commands
      for (const line of Object.values(others)) expect(line).toContain('/opt/env')
      expect(run).toBe('venv-packer run /scratch/venv.squashfs -- python')
    }
  })

  it('have --at for venv-packer run if it is no virtual environment', () => {
    expect(mountAdvice({ ...movable, venv: false }).commands['venv-packer']).toBe(
      'venv-packer run --at /scratch/venv /scratch/venv.squashfs -- bash',
    )
  })

  it('fit the installed squashfs-mount', () => {
    expect(mountAdvice({ ...movable, squashfsMountForm: 'option' }).commands['squashfs-mount']).toBe(
      'squashfs-mount --sqfs=/scratch/venv.squashfs:/scratch/venv -- bash',
    )
  })

  it('quote paths for a shell, for a CSV line and for TOML', () => {
    const { commands } = mountAdvice({ ...fixed, image: '/my images/it\'s, "new".squashfs' })
    expect(commands.squashfuse).toBe(`squashfuse '/my images/it'\\''s, "new".squashfs' /scratch/demo/.venv`)
    expect(commands['squashfs-mount']).toBe(
      `squashfs-mount '/my images/it'\\''s, "new".squashfs:/scratch/demo/.venv' -- bash`,
    )
    expect(commands.apptainer).toBe(
      `apptainer exec --mount 'type=bind,"src=/my images/it'\\''s, ""new"".squashfs",dst=/scratch/demo/.venv,image-src=/' CONTAINER.sif bash`,
    )
    expect(commands['container-engine']).toBe(
      `mounts = ["/my images/it's, \\"new\\".squashfs:/scratch/demo/.venv:sqsh"]`,
    )
  })

  it.each([
    ['/a b/venv.squashfs', ['uenv', 'slurm']],
    ['/a+b/venv.squashfs', ['uenv', 'slurm']],
    ['/a$b/venv.squashfs', ['uenv', 'slurm', 'container-engine']],
    ['/a\nb/venv.squashfs', ['uenv', 'slurm', 'container-engine']],
    ['/a:b/venv.squashfs', ['uenv', 'slurm', 'squashfs-mount', 'container-engine']],
  ])('for %j are null for tools that do not accept the path', (image, missing) => {
    const { commands } = mountAdvice({ ...fixed, image })
    const absent = Object.entries(commands).filter(([, line]) => line === null)
    expect(absent.map(([tool]) => tool)).toEqual(missing)
  })
})
