/** WebGPU's default and usual `maxComputeWorkgroupsPerDimension`. */
const MAX_GROUPS = 65535

/** `count` workgroups as a grid of two dimensions; shaders find their index as `group.y * n_groups.x + group.x`. */
export function flatGrid(count: number): readonly [number, number] {
  const rows = Math.ceil(count / MAX_GROUPS)
  return [rows > 0 ? Math.ceil(count / rows) : 0, rows]
}
