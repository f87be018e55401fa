// Starts the session and shows it.
import { mount } from 'svelte'
import App from './App.svelte'
import { boot } from './session/session.ts'
import './style.css'

const target = document.getElementById('app')
if (target !== null) mount(App, { target, props: { session: boot() } })
