import { formatContract } from '../testing/contract.ts'
import { fixtures } from './contract-fixtures.ts'
import { rpm } from './index.ts'

formatContract(rpm, fixtures)
