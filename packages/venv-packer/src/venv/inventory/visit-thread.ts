/** A thread that visits folders for the walk, where each call waits for a network. */
import { parentPort, workerData } from 'node:worker_threads'
import { createVisitor, type VisitPlan } from './visit.js'

const visitor = createVisitor(workerData as VisitPlan)
parentPort?.on('message', (folder: string) => parentPort?.postMessage(visitor.visit(folder)))
