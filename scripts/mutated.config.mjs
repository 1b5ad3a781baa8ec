// vite.config.ts with one of the mutations in it, the one whose number MUTATION is: tests run as if the change had been
// made, while no file is touched.
import base from '../vite.config'
import { MUTATIONS } from './mutations.mjs'

const mutation = MUTATIONS[Number(process.env.MUTATION ?? -1)]

export default {
  ...base,
  plugins: [
    {
      name: 'mutation',
      enforce: 'pre',
      transform(code, id) {
        if (!mutation || !id.endsWith(`/${mutation.file}`)) return undefined
        return { code: code.replace(mutation.find, () => mutation.replace), map: null }
      },
    },
  ],
}
