import fc from 'fast-check'

// `make test` tries the same cases every time, so that its verdict is about the change; `make fuzz` tries others each time, and names the seed.
const seed = process.env['FUZZ_SEED']
fc.configureGlobal({ seed: seed === undefined ? 20_261_121 : Number(seed) })
