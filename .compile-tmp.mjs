import { create, globals } from 'webgpu'
import { readFileSync } from 'node:fs'
process.env.VK_DRIVER_FILES = '/usr/share/vulkan/icd.d/lvp_icd.json'
Object.assign(globalThis, globals)
const gpu = create([]); globalThis.g = gpu
const seen = new Set()
const link = t => t.replace(/^\/\/#import ([\w-]+)$/gm, (_, m) => { if (seen.has(m)) return ''; seen.add(m); return link(readFileSync(`shaders/${m}.wgsl`, 'utf8')) })
const code = link(readFileSync(process.argv[2] ?? 'shaders/sample.wgsl', 'utf8'))
const a = await gpu.requestAdapter(); const d = await a.requestDevice()
const c0 = process.cpuUsage(), t0 = performance.now()
const module = d.createShaderModule({ code })
const p = await d.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } })
const usages = [...code.matchAll(/@binding\((\d+)\) var<(uniform|storage)/g)].map(([, i, u]) => ({ binding: +i, resource: { buffer: d.createBuffer({ size: 4096, usage: u === 'uniform' ? 0x48 : 0x8c }) } }))
d.queue.writeBuffer(usages[0].resource.buffer, 0, new Uint32Array([1, 4, 0, 2]))
const e = d.createCommandEncoder(), ps = e.beginComputePass(); ps.setPipeline(p); ps.setBindGroup(0, d.createBindGroup({ layout: p.getBindGroupLayout(0), entries: usages })); ps.dispatchWorkgroups(1); ps.end(); d.queue.submit([e.finish()]); await d.queue.onSubmittedWorkDone()
const c = process.cpuUsage(c0)
console.log('wall', (performance.now() - t0).toFixed(0), 'cpu', ((c.user + c.system) / 1e3).toFixed(0))
process.exit(0)
