/** The ways in the order in which they are tried: the fastest mount first, the most private one before the others. */
import { kernelMount } from './kernel-mount.js'
import type { Way } from './method.js'
import { squashfsMount } from './squashfs-mount.js'
import { squashfuse } from './squashfuse.js'
import { userNamespace } from './user-namespace.js'

export const ways: readonly Way[] = [squashfsMount, kernelMount, userNamespace, squashfuse]
