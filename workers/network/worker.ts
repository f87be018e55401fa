// Entry of the network worker (app origin): shows `Network` to the page that started it.
import * as Comlink from 'comlink'
import { carryAdvice } from '../thrown.ts'
import { Blocks } from './blocks.ts'
import * as Network from './network.ts'

carryAdvice()
Comlink.expose(Network.create(new Blocks('galaxy-blocks')))
